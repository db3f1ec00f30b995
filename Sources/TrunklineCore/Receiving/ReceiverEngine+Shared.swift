extension ReceiverEngine {
    /// Applies groups, of which some may be of shared tables: what becomes of their lines depends on what is here.
    ///
    /// Programs of this office write to those tables too. What they committed after this looked, and before it had their
    /// rows locked, is found by a second look; then all of it is undone, and decided anew, with the rows locked before: in a
    /// large batch some row changes always.
    /// - Returns: the lines that could not be stored, as they came.
    func apply(
        _ given: [LineGroup], _ context: SharedContext, individually: Bool
    ) throws(StoreError) -> [LineFailure] {
        var groups = given
        var locked: [LineFailure] = []
        let stream = context.stream
        guard groups.contains(where: \.table.isShared) else {
            return try sink.apply(groups, of: stream, individually: individually)
        }
        for tries in 0..<Limit.sharedTries {
            if tries > 0 {
                for index in groups.indices where groups[index].table.isShared {
                    let group = groups[index]
                    let others = try sink.lock(group.lines.map(\.key), group.table, of: stream)
                    locked += groups[index].take(at: others).map { LineFailure(line: $0, reason: Self.lockedReason) }
                }
                groups.removeAll(where: \.bytes.isEmpty)
            }
            let outcome = try books.merging { () throws(StoreError) -> [LineFailure]? in
                var pieces: [SharedPiece] = []
                var plain: [LineGroup] = []
                for group in groups {
                    guard group.table.isShared else {
                        plain.append(group)
                        continue
                    }
                    var piece = SharedPiece(group)
                    try stream.destination == .head ? decide(&piece, context) : choose(&piece, context)
                    pieces.append(piece)
                    if !piece.stored.bytes.isEmpty { plain.append(piece.stored) }
                }
                if stream.destination != .head, context.senderWins { try keepYielding(pieces, context) }
                let failures = try sink.apply(plain, of: stream, individually: individually)
                for index in pieces.indices where try !settle(&pieces[index], context) { return nil }
                return try finish(pieces, failures, context)
            }
            if let outcome { return locked + outcome }
        }
        let names = Set(groups.filter(\.table.isShared).map { "\"\($0.table.name)\"" }).sorted().joined(separator: ", ")
        throw StoreError(
            .contention, operation: "store rows", subject: "stream \(stream)",
            reason:
                "programs here, or other branches, change the same rows of \(ShortReason.text(names)) all the time; it is tried again by itself"
        )
    }

    /// At the head, of a table that a branch has joined and that is shared no more: nothing of it is stored until it is shared
    /// again, and then the branch says all of it anew.
    /// - Returns: what whoever configured it so should know.
    public func noteUnshared(_ table: TableName, by stream: StreamID) throws(StoreError) -> String? {
        // A join that was noted while an init was at work may be of a table that is shared no more already.
        guard let policy = try? books.policy(of: table).description, let inbound = try books.lock(stream),
            inbound.takesDifferences, let shape = try books.shapes(of: [table], stream)[table]
        else { return nil }
        let header = TableHeader(
            name: table, key: shape.key, columns: shape.columns, rows: 0, rowBytes: 0, deletes: 0, deleteBytes: 0,
            allNew: false, conflict: policy)
        let reason = "table \"\(table)\" is not shared at the head any more; give it one direction at both ends"
        try setAside(
            [LineFailure(line: .wholeTable(header), reason: reason)], of: stream, number: inbound.watermark.number)
        try books.leaveAck(stream)
        return
            "table \"\(table)\" is not shared any more, and \(stream.source) shares it: nothing of it travels until both ends give it one direction; when it is shared again, what is changed meanwhile joins by its conflict policy"
    }

    private static let lockedReason = "other programs have its row locked; it is tried again by itself"

    /// A batch that waited long says nothing: its sender's clock seems to be behind then.
    /// - Returns: whether it is known to be too far ahead.
    func noteClock(_ clock: Int64, _ inbound: InboundStream, _ stream: StreamID) throws(StoreError) -> Bool {
        let tolerance = try books.clockTolerance()
        let ahead = try clock - books.wallClock()
        guard ahead <= tolerance else {
            if abs(ahead - (inbound.clockAhead ?? 0)) > tolerance / 10 { try books.note(clockAhead: ahead, stream) }
            return true
        }
        guard inbound.clockAhead != nil else { return false }
        guard ahead >= -tolerance else { return true }
        try books.note(clockAhead: nil, stream)
        return false
    }

    // MARK: At the head

    private func decide(_ piece: inout SharedPiece, _ context: SharedContext) throws(StoreError) {
        let table = piece.group.table
        let branch = context.stream.source
        let policy = try books.policy(of: table.name)
        let columns = MergedColumn.all(table.columns, own: try computer.columns(taking: table, of: context.stream))
        let (now, tolerance) = (try books.wallClock(), try books.clockTolerance())
        let sharedSince = try books.sharedSince(table.name)
        for entry in try readable(&piece, columns) {
            let keys = entry.map(\.line.key)
            let states = try books.sharedRows(of: keys, table, branch)
            var (images, end) = ([Int: FoundRows.Content](), 0)
            for (index, item) in entry.enumerated() {
                if index == end {
                    // What is little in a message may be much in a database.
                    let found = try some(of: keys[index...], table, context.stream)
                    images = Dictionary(
                        found.rows.map { (index + $0.index, $0.content) }, uniquingKeysWith: { first, _ in first })
                    end += found.considered
                    try keep(&piece, branch)
                }
                piece.heads[item.line.key] = states[index]
                let present: ReceivedLine?
                switch images[index] {
                case .line(let line)?: present = line
                case .problem(let problem)?:
                    piece.failures.append(LineFailure(line: item.original, reason: problem))
                    continue
                case nil: present = nil
                }
                let change = SharedChange(
                    table: table.name, key: item.line.key, branch: branch, columns: columns, policy: policy,
                    stamp: item.stamp.ofChange(by: branch),
                    theirs: item.line.isDelete ? nil : CopyText.fields(item.line.text),
                    present: present.map { CopyText.fields($0.text) },
                    misfits: (item.line.misfits, present?.misfits ?? [:]), state: states[index], now: now,
                    tolerance: tolerance, isClockOff: context.isClockOff || item.stamp.clockWasOff,
                    wasRestored: context.wasRestored, isRecovering: context.isRecovering, sharedSince: sharedSince)
                let decision = change.decide()
                if case .image(let image, _)? = decision.action,
                    let full = columns.indices.first(where: { !columns[$0].holds(image[$0]) })
                {
                    let reason = "the sum is more than column \"\(columns[full].name)\" holds"
                    piece.failures.append(LineFailure(line: item.original, reason: reason))
                    continue
                }
                piece.add(decision, item, isThere: present != nil)
            }
        }
    }

    /// The lines in portions, but for those that the books cannot name, or that would have another key here.
    private func readable(
        _ piece: inout SharedPiece, _ columns: [MergedColumn]
    ) throws(StoreError) -> [[SharedPiece.Item]] {
        let key = piece.group.table.key.compactMap { name in columns.first { $0.name == name } }
        var portions: [[SharedPiece.Item]] = []
        for entry in piece.read() {
            var items: [SharedPiece.Item] = []
            for item in entry {
                if let padded = zip(key, item.line.key.values).first(where: { $0.pads($1) })?.0 {
                    let reason =
                        "column \"\(padded.name)\" of the key pads its values here, so that it would be another key; make it text, or varchar"
                    piece.failures.append(LineFailure(line: item.original, reason: reason))
                } else if try books.canKeep(item.line.key) {
                    items.append(item)
                } else {
                    let reason = "its key has characters that this database's encoding does not have"
                    piece.failures.append(LineFailure(line: item.original, reason: reason))
                }
            }
            if !items.isEmpty { portions.append(items) }
        }
        return portions
    }

    /// Of the first of these keys, at least of one.
    private func some(
        of keys: ArraySlice<RowKey>, _ table: TableHeader, _ stream: StreamID
    ) throws(StoreError) -> FoundRows {
        var limits = ReadLimits(batchBytes: 2 * ReturnLimit.rowBytes, rowBytes: ReturnLimit.rowBytes)
        let found = try sink.rows(of: Array(keys), table, of: stream, limits)
        guard found.considered == 0 else { return found }
        limits.batchBytes = .max
        return try sink.rows(of: [keys.first!], table, of: stream, limits)
    }

    /// Keeps those conflicts of which no row is stored: they have images of the head's.
    private func keep(_ piece: inout SharedPiece, _ branch: OfficeID) throws(StoreError) {
        let conflicts = piece.takeSettledConflicts()
        guard !conflicts.isEmpty else { return }
        try keep(conflicts)
        try checkConflicts(of: branch)
    }

    /// A branch does not fill the head's database with them.
    private func checkConflicts(of branch: OfficeID) throws(StoreError) {
        let size = try books.conflictSize(branch)
        guard size.rows > Limit.conflicts || size.bytes > Limit.conflictBytes else { return }
        throw StoreError(
            .database, operation: "keep conflicts", subject: "branch \(branch)",
            reason:
                "\(size.rows) conflicts with it (\(size.bytes >> 20) MiB) would be kept; the limit is \(Limit.conflicts) and \(Limit.conflictBytes >> 20) MiB",
            hint:
                "see what they are with: trunkline conflicts --branch \(branch); and delete from the table what is not wanted"
        )
    }

    private func images(
        of keys: [RowKey], _ table: TableHeader, _ stream: StreamID
    ) throws(StoreError) -> [Int: FoundRows.Content] {
        let limits = ReadLimits(batchBytes: .max, rowBytes: ReturnLimit.rowBytes)
        let found = try sink.rows(of: keys, table, of: stream, limits)
        return Dictionary(found.rows.map { ($0.index, $0.content) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: At a branch

    /// A row that has a change of this branch which the head has not looked at stays: its change will reach the head, and the
    /// answer comes back.
    private func choose(_ piece: inout SharedPiece, _ context: SharedContext) throws(StoreError) {
        let table = piece.group.table
        let columns = MergedColumn.all(table.columns, own: try computer.columns(taking: table, of: context.stream))
        let isJoining = try books.isUnseen(table.name)
        let refused = try books.refusedRows(of: table.name)
        let now = try books.wallClock()
        let latest = now + SharedLimit.clockAhead
        let credible = now + (try books.clockTolerance())
        for entry in try readable(&piece, columns) {
            let keys = entry.map(\.line.key)
            let versions = try books.localVersions(of: keys, table, locking: false)
            let images = isJoining ? try images(of: keys, table, context.stream) : [:]
            for (index, item) in entry.enumerated() {
                let (stamp, local) = (item.stamp, versions[index])
                if let version = stamp.version, version.clock > latest {
                    let reason = "its version is of a time that is years ahead; correct the clocks, the head's first"
                    piece.failures.append(LineFailure(line: item.original, reason: reason))
                    continue
                }
                piece.locals[item.line.key] = .some(local)
                if let local, local.isDirty {
                    guard local.isIn(stamp) else { continue }
                    // One to a change that a restore took back says nothing of the row that is here.
                    if stamp.isAnswer, stamp.applied != local.version?.clock { continue }
                } else if stamp.isAnswer {
                    if local == nil, try self.images(of: [item.line.key], table, context.stream).isEmpty {
                        // It left this branch since it was sent from here.
                        let reason = "the head takes a row to be here that is not; all of its rows come once more"
                        piece.failures.append(LineFailure(line: .wholeTable(table), reason: reason))
                    }
                    continue
                } else if !context.senderWins, let own = local?.version, own.clock <= credible,
                    stamp.version.map({ $0 < own }) ?? true
                {
                    // It was read before what came already, in a batch that was read once more for a resend; or the
                    // head was restored, and what is here comes to it. One of a clock that is off keeps nothing back.
                    continue
                }
                if local == nil, !stamp.isAnswer, let reason = refused[item.line.key] {
                    let reason = "the row here could not be sent, so nobody else has seen it (\(reason)); mend it"
                    piece.failures.append(LineFailure(line: item.original, reason: reason))
                    continue
                }
                if local == nil, !stamp.isAnswer, let image = images[index] {
                    // One that cannot be read as a line stays as well.
                    guard case .line(let own) = image else { continue }
                    let here = CopyText.fields(own.text)
                    let isSame =
                        !item.line.isDelete
                        && ColumnMerge(columns).isSame(here, CopyText.fields(item.line.text))
                    guard isSame else { continue }
                }
                piece.take(item, over: local)
            }
        }
    }

    /// Keeps a copy of rows that give way to what the head says, whatever their versions, as somebody decided.
    private func keepYielding(_ pieces: [SharedPiece], _ context: SharedContext) throws(StoreError) {
        for piece in pieces {
            let table = piece.group.table
            let columns = MergedColumn.all(table.columns, own: try computer.columns(taking: table, of: context.stream))
            let stored = piece.notes.filter { $0.isStored && (piece.locals[$0.item.line.key] ?? nil) != nil }
            let here = try images(of: stored.map(\.item.line.key), table, context.stream)
            let replaced = stored.enumerated().filter { index, note in
                guard case .line(let own)? = here[index], !note.item.line.isDelete else { return true }
                return !ColumnMerge(columns).isSame(
                    CopyText.fields(own.text), CopyText.fields(note.item.line.text))
            }.map(\.element)
            guard !replaced.isEmpty else { continue }
            var group = piece.stored
            group.bytes = replaced.reduce(into: []) { $0 += $1.item.line.text }[...]
            group.misfits = [:]
            try keepImages(replacedBy: [group], of: context.stream)
        }
    }

    // MARK: Both

    /// Looks whether programs of this office changed rows since they were looked at. An answer to what the branch has changed
    /// once more meanwhile is none any more; another one follows.
    /// - Returns: false when a row that was stored is another one than was looked at.
    private func settle(_ piece: inout SharedPiece, _ context: SharedContext) throws(StoreError) -> Bool {
        let keys = piece.notes.map(\.item.line.key)
        guard !keys.isEmpty else { return true }
        let now = try books.localVersions(of: keys, piece.group.table, locking: true)
        var unchanged: [SharedPiece.Note] = []
        for (note, now) in zip(piece.notes, now) {
            let key = note.item.line.key
            let isSame =
                context.stream.destination == .head
                ? piece.heads[key]?.version == now?.version : piece.locals[key] == .some(now)
            if isSame {
                unchanged.append(note)
            } else if note.isStored || note.decision == nil && now == nil {
                // Of an answer to a row that a program has locked, no other one follows if it takes its change back.
                return false
            } else if note.decision != nil {
                // What the head has stays as it is, whatever it is now.
                unchanged.append(note)
            }
        }
        piece.notes = unchanged
        return true
    }

    private func finish(
        _ pieces: [SharedPiece], _ failures: [LineFailure], _ context: SharedContext
    ) throws(StoreError) -> [LineFailure] {
        var result = failures.filter { !$0.line.table.isShared }
        for piece in pieces {
            let table = piece.group.table
            result += piece.failures
            let ofPiece = failures.filter {
                $0.line.table.name == table.name && $0.line.isDelete == piece.group.isDelete && $0.line.table.isShared
            }
            let failed = Dictionary(ofPiece.map { ($0.line.key, $0) }, uniquingKeysWith: { first, _ in first })
            var stored: [SharedPiece.Note] = []
            for note in piece.notes {
                if let failure = failed[note.item.line.key] {
                    var original = failure
                    original.line = note.item.original
                    result.append(original)
                } else {
                    stored.append(note)
                }
            }
            try remember(stored, table, context)
        }
        return result
    }

    private func remember(_ notes: [SharedPiece.Note], _ table: TableHeader, _ context: SharedContext)
        throws(StoreError)
    {
        guard !notes.isEmpty else { return }
        try books.note(
            notes.compactMap { note in
                guard note.setsVersion else { return nil }
                return NotedVersion(
                    key: note.item.line.key, version: note.version, isDelete: note.isDelete,
                    onlyIfNone: note.isOfUnknown)
            }, table)
        guard context.stream.destination == .head else { return }
        let branch = context.stream.source
        try books.note(
            notes.compactMap { note in note.decision?.applied.map { (key: note.item.line.key, change: $0) } }, table,
            branch)
        let conflicts = notes.compactMap { $0.decision?.conflict }
        if !conflicts.isEmpty {
            try keep(conflicts)
            try checkConflicts(of: branch)
        }
        for isStored in [true, false] {
            let told = notes.filter { $0.decision?.answers == true && ($0.decision?.action != nil) == isStored }
            try books.answer(told.map(\.item.line.key), table, branch, onlyRouted: isStored)
        }
    }
}
