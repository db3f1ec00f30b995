/// The course of receiving, the same for every database: what happens to a batch, in which order, in one transaction.
///
/// It asks ``ReceiverDecision`` what to do, ``ReceiverBooks`` to remember it and a ``RowSink`` to store rows; it knows no
/// SQL. Whatever it throws undoes the whole transaction, so a batch is taken whole or not at all; rows that cannot be
/// stored are set aside within it, and are never a reason to throw.
public struct ReceiverEngine {
    /// What one stream may make its receiver keep, whatever it sends.
    public enum Limit {
        /// Batches parked of one stream: a sender's window.
        public static let parkedBatches = 64
        /// And their bytes.
        public static let parkedBytes = 64 << 20
        /// Set-aside rows tried again after a batch of their stream.
        static let retriedAfterBatch = 200
        /// At once, set-aside rows of so many bytes, and one row.
        public static let retriedBytes = 1 << 20
        /// Set-aside rows of one stream, and the bytes of their images: beyond, the stream is held.
        /// A sender believes no more of its receiver either.
        static let setAsideRows = 100_000
        /// Of these, rows that are stored but for columns which a table here lacks: beyond, one entry stands for all of their
        /// table, which comes once more when it has them.
        static let rowsInPart = 10_000
        static let setAsideBytes = 256 << 20
        /// Conflicts kept with one branch, and superseded rows of one stream, and their bytes: beyond, what would make more
        /// holds the stream.
        static let conflicts = 500_000
        static let conflictBytes = 512 << 20
        static let supersededRows = 500_000
        static let supersededBytes = 512 << 20
        /// Of a batch's lines so many at a time are made into what the books take, or so many bytes, and one line.
        static let portionLines = 1_000
        static let portionBytes = 1 << 20
        /// Shapes kept of one stream, and the bytes of their texts: as many as one header can say, so that one that names
        /// them costs no more than one that says them.
        static let shapes = 2_000
        static let shapeBytes = 4 << 20
        /// How often lines of shared tables are decided anew, since other programs changed their rows meanwhile.
        static let sharedTries = 5
    }

    let books: any ReceiverBooks
    let sink: MappedSink
    let computer: any RowComputer
    private let log: ConflictLog?

    public init(_ transaction: any ReceiverTransaction) { self.init(transaction, mapping: nil, noting: nil) }

    /// - Parameter adding: adds columns first, in a transaction of their own.
    init(_ transaction: any ReceiverTransaction, adding: ColumnAdding) {
        log = nil
        books = transaction
        sink = MappedSink(transaction, adding: adding)
        computer = transaction
    }

    /// - Parameters:
    ///   - rules: in the place of those that the bookkeeping has; nil: these.
    ///   - log: notes the conflicts that are kept.
    init(_ transaction: any ReceiverTransaction, mapping rules: MappingRules?, noting log: ConflictLog?) {
        self.log = log
        books = transaction
        sink = MappedSink(transaction, rules)
        computer = transaction
    }

    /// Takes a batch.
    /// - Parameters:
    ///   - parking: what to do above the next number: keep the message (true), or change nothing and return `.gap`.
    ///   - isRetry: whether it comes out of the parking place, so that a hold whose time has come is tried.
    public func receive(_ batch: InboundBatch, parking: Bool, isRetry: Bool = false) throws(StoreError)
        -> ReceiveOutcome
    {
        let header = batch.header
        var inbound = try books.lock(header.stream)
        let past = ReceiverDecision.pastEpochs(header, after: inbound?.watermark)
        switch ReceiverDecision.decide(header, after: inbound?.watermark) {
        case .store, .behind:
            if inbound == nil {
                try books.begin(header.stream, epoch: header.epoch, pastEpochs: past)
                inbound = try books.lock(header.stream)
            }
        case .adopt, .duplicate, .wait, .stop: break
        }
        switch ReceiverDecision.decide(header, after: inbound?.watermark) {
        case .store:
            if let held = inbound?.held, !(isRetry && held.isDue) { return try parkHeld(batch, held) }
            return try complete(batch, inbound!)
        case .adopt:
            try books.adopt(header.epoch, of: header.stream, pastEpochs: past)
            inbound!.shapes = .wanted
            inbound!.watermark.pastEpochs = past
            try sayShared(header.stream)
            try books.leaveAck(header.stream)
            return try complete(batch, inbound!)
        case .behind(let acked):
            try books.noteBehind(acked, epoch: header.epoch, of: header.stream)
            try books.leaveAck(header.stream)
            return .behind(acked: acked)
        case .duplicate:
            // It goes again because no ack of it came: what that one told of the list is told again.
            if var inbound, header.epoch == inbound.watermark.epoch {
                inbound.telling.isFreshlyTold = false
                try tellList(header, inbound)
            }
            try books.leaveAck(header.stream)
            return .duplicate
        case .wait(let expected):
            guard parking else { return .gap(expected: expected) }
            return try park(batch) ? .parked : .dropped
        case .stop(let reason):
            _ = try park(batch)
            try books.stop(header.stream, reason: reason, epoch: header.epoch, number: header.number)
            if inbound?.watermark.stopped == nil { try sayShared(header.stream) }
            try books.leaveAck(header.stream)
            return .stopped(reason: reason)
        }
    }

    /// Stops a stream because its sender did.
    public func stop(by halt: Halt) throws(StoreError) {
        let before = try books.lock(halt.stream)
        try books.stop(by: halt)
        let after = try books.lock(halt.stream)
        if before?.watermark.stopped == nil, after?.watermark.stopped != nil { try sayShared(halt.stream) }
    }

    /// A head that was restored may have lost what this branch has of shared tables, also where it has acked nothing since its
    /// backup, so that the stream to it goes on. It gets all of that before somebody decides over what the head lost.
    private func sayShared(_ stream: StreamID) throws(StoreError) {
        guard stream.source == .head else { return }
        try books.joinAnew(StreamID(from: stream.destination, to: .head))
    }

    func keep(_ conflicts: [Conflict]) throws(StoreError) {
        try books.keep(conflicts)
        log?.note(conflicts)
    }

    /// Holds the stream of a batch that fails again and again: the message is kept, the reason shown at both ends.
    /// - Returns: whether it is held; false when the batch is not the one that its stream waits for.
    public func hold(_ batch: InboundBatch, reason: String) throws(StoreError) -> Bool {
        let header = batch.header
        var inbound = try books.lock(header.stream)
        switch ReceiverDecision.decide(header, after: inbound?.watermark) {
        case .store:
            if inbound == nil {
                let past = ReceiverDecision.pastEpochs(header, after: nil)
                try books.begin(header.stream, epoch: header.epoch, pastEpochs: past)
                inbound = try books.lock(header.stream)
            }
        case .adopt: break
        case .behind, .duplicate, .wait, .stop: return false
        }
        // The first of another epoch is not parked: its sender sends it again, and it is tried then.
        if header.epoch == inbound?.watermark.epoch { try books.park(batch) }
        try hold(header.stream, inbound, reason: reason)
        return true
    }

    /// As ``ReceiverStore/holdUnread(_:reason:)``.
    func holdUnread(_ stream: StreamID, reason: String) throws(StoreError) -> Bool {
        guard let inbound = try books.lock(stream) else { return false }
        try hold(stream, inbound, reason: reason)
        return true
    }

    private func hold(_ stream: StreamID, _ inbound: InboundStream?, reason: String) throws(StoreError) {
        let failures = (inbound?.held?.failures ?? 0) + 1
        try books.hold(
            stream, reason: ShortReason.text(reason), failures: failures, retryIn: HoldPolicy.pause(after: failures))
        try books.leaveAck(stream)
    }

    private func parkHeld(_ batch: InboundBatch, _ held: InboundStream.Hold) throws(StoreError) -> ReceiveOutcome {
        try park(batch) ? .held(reason: held.reason) : .dropped
    }

    /// - Returns: false when the stream has parked all that it may: its sender sends the batch again.
    private func park(_ batch: InboundBatch) throws(StoreError) -> Bool {
        let parked = try books.parked(batch.header.stream)
        guard parked.batches < Limit.parkedBatches, parked.bytes + batch.message.count <= Limit.parkedBytes else {
            return false
        }
        try books.park(batch)
        return true
    }

    func keepImages(replacedBy groups: [LineGroup], of stream: StreamID) throws(StoreError) {
        try sink.keepImages(replacedBy: groups, of: stream)
        let size = try books.supersededSize(stream)
        guard size.rows > Limit.supersededRows || size.bytes > Limit.supersededBytes else { return }
        throw StoreError(
            .database, operation: "keep superseded rows", subject: "stream \(stream)",
            reason:
                "\(size.rows) rows of it (\(size.bytes >> 20) MiB) would be kept in superseded_row; the limit is \(Limit.supersededRows) rows and \(Limit.supersededBytes >> 20) MiB",
            hint: "copy what is wanted of them, and delete them there")
    }

    /// - Parameter known: tables that came in this stream before.
    func store(
        _ batch: InboundBatch, _ inbound: InboundStream, known: Set<TableName> = []
    ) throws(StoreError) -> ReceiveOutcome {
        let header = batch.header
        let stream = header.stream
        var groups = LineGroup.all(of: batch)
        if inbound.hasSetAside { try forgetSetAside(groups, stream) }
        // A sender that takes no differences would not load a table anew.
        var failures = try takeUnfit(
            outOf: &groups, stream, asWhole: header.setAsideDifferences ?? false, known: known,
            keepsImages: header.recovery != nil)
        // Of what fits a copy is made now.
        if header.recovery?.sendsChanges == true {
            for index in failures.indices { failures[index].line.keepsImage = true }
        }
        if inbound.hasSetAside { try forgetWholeTables(groups, header) }
        if header.recovery == .keepBranch {
            // What an earlier recovery kept, finished or not, gives way too.
            if inbound.hasKeptRows { try releaseAll(stream) }
            try keepImages(replacedBy: groups.filter { !$0.table.isShared }, of: stream)
        } else {
            if inbound.hasKeptRows { failures += try takeKept(outOf: &groups, stream) }
            // Where nobody can tell in which rows the two differ, all of the sender's come.
            if header.recovery == .resend {
                var replacing: [LineGroup] = []
                for group in groups where !group.table.isShared {
                    if try !sink.isComparable(group.table, of: stream) { replacing.append(group) }
                }
                try keepImages(replacedBy: replacing, of: stream)
            }
        }
        var isClockOff = inbound.clockAhead != nil
        if let clock = header.clock { isClockOff = try noteClock(clock, inbound, stream) }
        var context = SharedContext(stream, inbound, isClockOff: isClockOff)
        context.isRecovering = header.recovery != nil
        var own = context
        own.isClockOff = false
        context.senderWins = header.recovery == .keepBranch
        failures += try apply(groups, context, individually: false)
        sink.takeLeftOut(outOf: &failures)
        if header.setAsideDifferences ?? false { try boundRowsInPart(&failures, stream) }

        if isClockOff { for index in failures.indices { failures[index].line = failures[index].line.notingClock() } }
        try setAside(failures, of: stream, number: header.number)
        if inbound.hasSetAside {
            _ = try retry(
                .due, limit: Limit.retriedAfterBatch, own, number: header.number,
                takesDifferences: header.setAsideDifferences ?? false)
        }
        let answer = try header.verification.map { (claim) throws(StoreError) in
            try self.answer(claim, header, inbound)
        }
        if let answer, answer.returned == nil { try books.keepResult(answer) }
        if inbound.held != nil { try books.releaseHold(stream) }
        if inbound.recovery != header.recovery { try books.note(header.recovery, stream) }
        let rows = header.tables.reduce(0) { $0 + $1.rows }
        let deletes = header.tables.reduce(0) { $0 + $1.deletes }
        try noteDifferences(header, inbound)
        if let joined = header.joined, stream.destination == .head { try books.noteJoined(joined, header) }
        try books.advance(header, stored: rows + deletes, answer: answer)
        try books.unpark(through: header)
        try tellList(header, inbound)
        let first = failures.first.map { SetAsideCause(table: $0.line.table.name, reason: $0.reason) }
        return .stored(rows: rows, deletes: deletes, setAside: failures.count, first: first)
    }

    /// Looks at what the sender says that it has of the list of set-aside rows.
    private func tellList(_ header: BatchHeader, _ inbound: InboundStream) throws(StoreError) {
        let takesDifferences = header.setAsideDifferences ?? false
        if takesDifferences != inbound.takesDifferences {
            try books.noteTakesDifferences(takesDifferences, header.stream)
        }
        let telling = inbound.telling
        switch telling.heard(header.setAsideVersion) {
        case .nothing: break
        case .beginAnew(let version) where takesDifferences || version > telling.version:
            try books.beginListAnew(after: version, header.stream)
        case .forget(let version) where takesDifferences: try books.forgetChanges(through: version, header.stream)
        case .tellAgain(let version) where takesDifferences: try books.tellAgain(after: version, header.stream)
        case .beginAnew, .forget, .tellAgain:
            // A sender of 0.1 is told the whole list, whenever it has not the version of now.
            try books.forgetChanges(through: telling.version, header.stream)
        }
    }

    /// Takes the groups out whose table does not take them; deletes of a table that is missing have nothing to do.
    ///
    /// A head keeps what its branches sent, line by line. Otherwise, and where the sender may not write the table, the
    /// sender's table has all rows: one line stands for whatever comes of them, so that a large table that fits nowhere
    /// fills no list and holds no other one. What was deleted is kept, since nothing at the sender tells of it any more.
    ///
    /// A table that somebody dropped is made again, and comes as a whole: its next row alone would look like all of it.
    /// - Parameters:
    ///   - asWhole: whether one line may stand for a whole table.
    ///   - known: tables that came in this stream before.
    ///   - isRetry: whether the lines were set aside before: then a branch's table that is gone is not made again for them.
    ///   - keepsImages: whether rows that give way are kept whole.
    func takeUnfit(
        outOf groups: inout [LineGroup], _ stream: StreamID, asWhole: Bool, known: Set<TableName> = [],
        isRetry: Bool = false, keepsImages: Bool = false
    ) throws(StoreError) -> [LineFailure] {
        let isMaking = !isRetry || stream.destination == .head
        var failures: [LineFailure] = []
        var fitting: [LineGroup] = []
        for group in groups {
            let group = keepsImages ? group : try ofKeyAlone(group, stream)
            switch try sink.fit(
                group.table, of: stream, for: group.isDelete ? .storing : isMaking ? .making : .extending)
            {
            case .made where asWhole && stream.destination != .head && known.contains(group.table.name):
                failures.append(
                    LineFailure(
                        line: .wholeTable(group.table),
                        reason: "the table was gone and has been made again; all of its rows come once more"))
            case .fits, .made: fitting.append(group)
            case .partly(let reason):
                fitting.append(group)
                // All of them come once more.
                if group.isDelete { continue }
                if asWhole, try books.isStoredInPart(group.table.name, stream) { continue }
                failures += LineFailure.all(
                    group.lines.map { line in
                        var line = line
                        line.isStoredInPart = true
                        return line
                    }, reason: reason)
            case .missing where group.isDelete: continue
            case .missing:
                failures += LineFailure.all(
                    group.lines, reason: "the table is gone; it is made again at its next row")
            case .refused where group.isDelete && asWhole: continue
            case .unfit(let reason) where asWhole && stream.destination != .head && !group.isDelete,
                .refused(let reason) where asWhole:
                failures.append(LineFailure(line: .wholeTable(group.table), reason: reason))
            case .unfit(let reason) where asWhole && group.table.isShared && stream.destination != .head:
                var deletes = group
                // What the head has of this branch's rows is no delete, and comes again with the table.
                let answers = deletes.take { _, line in line.withoutStamp()?.stamp.isAnswer ?? false }
                if !answers.isEmpty {
                    failures.append(LineFailure(line: .wholeTable(group.table), reason: reason))
                }
                failures += LineFailure.all(deletes.lines, reason: reason)
            case .unfit(let reason), .refused(let reason):
                failures += LineFailure.all(group.lines, reason: reason)
            }
        }
        groups = fitting
        return failures
    }

    /// A delete needs no column but those of the key, where nobody wants to know what the row was.
    private func ofKeyAlone(_ group: LineGroup, _ stream: StreamID) throws(StoreError) -> LineGroup {
        guard group.isDelete, !group.table.isShared || stream.destination != .head,
            case .unfit = try sink.fit(group.table, of: stream, for: .storing),
            // An answer is none.
            !group.table.isShared || !group.lines.contains(where: { $0.withoutStamp()?.stamp.isAnswer ?? false })
        else { return group }
        var bare = group
        bare.table.columns = group.table.key.compactMap { name in group.table.columns.first { $0.name == name } }
        return try sink.fit(bare.table, of: stream, for: .storing) == .fits ? bare : group
    }

    /// Takes the lines of keys out whose rows a recovery kept.
    func takeKept(outOf groups: inout [LineGroup], _ stream: StreamID) throws(StoreError) -> [LineFailure] {
        var failures: [LineFailure] = []
        var known: [TableName: Set<String>] = [:]
        for index in groups.indices {
            let table = groups[index].table
            let kept: Set<String>
            if let keys = known[table.name] { kept = keys } else { kept = try books.keptKeys(of: table.name, stream) }
            known[table.name] = kept
            guard !kept.isEmpty else { continue }
            failures += try groups[index].take { (_, line) throws(StoreError) in
                kept.contains(line.key.canonical(in: table).description)
            }.map { LineFailure(line: $0, reason: RecoveryReason.keyIsKept) }
        }
        groups.removeAll(where: \.bytes.isEmpty)
        return failures
    }
}
