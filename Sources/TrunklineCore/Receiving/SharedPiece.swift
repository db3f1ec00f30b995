/// What is the same for all lines of a batch, or of a retry.
struct SharedContext {
    var stream: StreamID
    /// Whether the sender's clock is known to be too far ahead.
    var isClockOff: Bool
    /// Whether one end was restored from a backup at some time, so that it may have forgotten what the other one knows.
    var wasRestored: Bool
    /// Whether one was just now: its sender is in a recovery.
    var isRecovering: Bool
    /// On the way down: whether the head's rows stand, as somebody decided after a restore.
    var senderWins = false

    init(_ stream: StreamID, _ inbound: InboundStream, isClockOff: Bool) {
        self.stream = stream
        self.isClockOff = isClockOff
        wasRestored = !inbound.watermark.pastEpochs.isEmpty
        isRecovering = inbound.recovery != nil
    }
}

/// A group of lines of a shared table, and what becomes of it.
struct SharedPiece {
    struct Item {
        var original: ReceivedLine
        var line: ReceivedLine
        var stamp: RowStamp
    }

    struct Note {
        var item: Item
        /// nil at a branch.
        var decision: SharedChange.Decision?
        var version: RowVersion?
        var setsVersion: Bool
        /// Whether there is no row from now on; nil: as before.
        var isDelete: Bool?
        /// Whether a line went to the sink.
        var isStored: Bool
        /// Whether nothing was known of the row, or at the head nothing was to be: what a program has said of it since
        /// stands.
        var isOfUnknown: Bool
    }

    let group: LineGroup
    /// What goes to the sink, without stamps.
    var stored: LineGroup
    var notes: [Note] = []
    var failures: [LineFailure] = []
    var heads: [RowKey: SharedRowState] = [:]
    var locals: [RowKey: LocalVersion?] = [:]
    private var count = 0
    /// The first note whose conflict was not looked for.
    private var unsettled = 0

    init(_ group: LineGroup) {
        self.group = group
        var table = group.table
        table.allNew = false
        stored = LineGroup(table: table, isDelete: group.isDelete, bytes: [])
    }

    /// The lines in portions; those whose stamp cannot be read, or that are too long, are failures.
    mutating func read() -> [[Item]] {
        let lines = Self.distinct(group.lines)
        var portions: [[Item]] = []
        for range in ReceiverEngine.portions(lines.map(\.text.count)) {
            var items: [Item] = []
            for line in lines[range] {
                guard let (stamp, bare) = line.withoutStamp() else {
                    failures.append(LineFailure(line: line, reason: "its stamp is not what the protocol says"))
                    continue
                }
                if let problem = SharedLimit.problem(bare.text, key: bare.key) {
                    failures.append(LineFailure(line: line, reason: problem))
                } else {
                    items.append(Item(original: line, line: bare, stamp: stamp))
                }
            }
            if !items.isEmpty { portions.append(items) }
        }
        return portions
    }

    /// A batch names a key once; of one that does not, the last line counts.
    private static func distinct(_ lines: [ReceivedLine]) -> [ReceivedLine] {
        var seen: Set<RowKey> = []
        return lines.reversed().filter { seen.insert($0.key).inserted }.reversed()
    }

    /// - Parameter isThere: whether there is a row now.
    mutating func add(_ decision: SharedChange.Decision, _ item: Item, isThere: Bool) {
        switch decision.action {
        case .theirs?: store(item.line)
        case .image(let image, let misfits)?:
            var line = item.line
            line.text = CopyText.line(image)[...]
            line.misfits = misfits
            store(line)
        case nil: break
        }
        notes.append(
            Note(
                item: item, decision: decision, version: decision.version, setsVersion: decision.version != nil,
                isDelete: decision.action == nil ? !isThere : item.line.isDelete, isStored: decision.action != nil,
                isOfUnknown: decision.action == nil))
    }

    mutating func takeSettledConflicts() -> [Conflict] {
        var conflicts: [Conflict] = []
        for index in notes.indices[unsettled...] where notes[index].decision?.action == nil {
            if let conflict = notes[index].decision?.conflict { conflicts.append(conflict) }
            notes[index].decision?.conflict = nil
        }
        unsettled = notes.count
        return conflicts
    }

    /// At a branch.
    /// - Parameter local: what is known of the row.
    mutating func take(_ item: Item, over local: LocalVersion?) {
        if !item.stamp.isAnswer { store(item.line) }
        // A row that left is no deleted one: here nothing is known of it any more.
        notes.append(
            Note(
                item: item, decision: nil, version: item.stamp.isLeave ? nil : item.stamp.version, setsVersion: true,
                isDelete: item.stamp.isAnswer ? nil : item.line.isDelete, isStored: !item.stamp.isAnswer,
                isOfUnknown: local == nil))
    }

    private mutating func store(_ line: ReceivedLine) {
        if !line.misfits.isEmpty { stored.misfits[count] = line.misfits }
        stored.bytes += line.text
        count += 1
    }
}
