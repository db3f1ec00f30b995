internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The batches of one stream: formed and claimed.
///
/// A batch is a range of the change log. The log's numbers are handed out in the order of commits,
/// since SQLite has one writer at a time, so a cursor misses nothing.
struct BatchQueue {
    let stream: StreamID
    let db: Database

    enum Work: Sendable {
        case nothing
        /// - Parameter step: of a load whose turn it is, if nothing is pending.
        case claim(step: LoadStep?)
        /// The rows of a load's table cannot be read.
        case failed(ReadingProblem)
        /// Triggers or held changes are to be seen to first.
        case heal
    }

    enum Claim: Sendable {
        case claimed(ClaimedBatch)
        case nothing
        /// A load went on without a batch, or is not where it was.
        case again
    }

    init(_ stream: StreamID, _ db: Database) {
        self.stream = stream
        self.db = db
    }

    /// What a claim would find, without writing.
    func look(window: Int, changes: Int) throws -> Work {
        let office = try Office.read(db, operation: "claimBatch")
        if try Capture.needsCheck(office, db) || HeldChanges.canBeReleased(db) { return .heal }
        let outbound = try Outbound.get(stream, db, operation: "claimBatch")
        guard outbound.stopped == nil, try inFlight() < window else { return .nothing }
        if try lowestPending() != nil { return .claim(step: nil) }
        guard outbound.sendsChanges else { return .nothing }
        // In turns, so that neither waits for the other's end.
        let hasChanges = try StreamLines.exist(outbound.destination, after: outbound.cursor, db)
        if hasChanges, outbound.wasLoad { return .claim(step: nil) }
        do {
            if let load = try TableLoad.next(of: stream, db),
                let step = try LoadStep.find(load, rows: max(1, changes), of: stream, db)
            {
                return .claim(step: step)
            }
        } catch let problem as ReadingProblem {
            return .failed(problem)
        }
        return try hasChanges || Joins.areUntold(stream, db) ? .claim(step: nil) : .nothing
    }

    /// The lowest pending batch, else a new one; marked `sent`.
    func claim(window: Int, changes: Int, step: LoadStep?) throws -> Claim {
        let outbound = try Outbound.get(stream, db, operation: "claimBatch")
        guard outbound.stopped == nil, try inFlight() < window else { return .nothing }
        let next = try lowestPending()
        guard next != nil || outbound.sendsChanges else { return .nothing }
        var number = next
        if next == nil, let step {
            number = try form(step, after: outbound)
            if number == nil { return .again }
        } else if next == nil {
            number = try form(after: outbound, changes: changes, state: "pending")
            if number == nil, try Joins.areUntold(stream, db) {
                number = try add(after: outbound, range: nil, changes: 0, state: "pending")
            }
        }
        guard let number else { return .nothing }
        try db.execute(
            sql: """
                UPDATE trunkline_batch SET state = 'sent', attempts = attempts + 1, sent_at = \(Timestamp.now)
                WHERE stream = ? AND number = ? AND state = 'pending'
                """,
            arguments: [stream.description, number])
        let claimed = try batch(number)
        // One that goes again may have come: then nobody looks at what it says besides.
        if claimed.attempt == 1, !claimed.joined.isEmpty { try Joins.noteTold(claimed.joined, stream, db) }
        return .claimed(claimed)
    }

    /// Makes a batch of the next `changes` unbatched changes.
    /// - Returns: its number; nil when there are none.
    func form(after outbound: Outbound, changes: Int, state: String) throws -> Int64? {
        let lines = StreamLines.query(outbound.destination, "seq, destination, table_id", where: "seq > ?1")
        let row = try Row.fetchOne(
            db.makeStatement(
                sql: """
                    SELECT count(*) AS changes, max(seq) AS last, min(destination = 'all' AND table_id NOT IN (
                        SELECT id FROM trunkline_synced_table WHERE route <> ?3)) AS shared
                    FROM (\(lines) ORDER BY seq LIMIT ?2)
                    """),
            arguments: [outbound.cursor, max(1, changes), try JSONText.encode(TableRoute.all)])!
        guard let last: Int64 = row["last"] else { return nil }
        return try add(
            after: outbound, range: (outbound.cursor + 1)...last, changes: row["changes"], state: state,
            isShared: row["shared"])
    }

    /// Makes a batch of a step of a load, if the load is still where it was.
    /// - Returns: its number; nil when there are no rows in it, or the load went on.
    private func form(_ step: LoadStep, after outbound: Outbound) throws -> Int64? {
        guard let load = try TableLoad.find(step.load, db), load.after == step.after else { return nil }
        try load.advance(through: step.through, rows: step.rows, db)
        guard step.rows > 0 else { return nil }
        let number = try add(after: outbound, range: nil, changes: step.rows, state: "pending")
        let piece = LoadPiece(of: load, through: step.through)
        try db.execute(
            sql: """
                UPDATE trunkline_batch
                SET load_table = ?, load_after = ?, load_through = ?, load_new = ?, load_sweeps = ?
                WHERE stream = ? AND number = ?
                """,
            arguments: [
                piece.table, piece.after, piece.through, piece.isNew, piece.sweeps, stream.description, number,
            ])
        try db.execute(
            sql: "UPDATE trunkline_outbound SET was_load = 1 WHERE stream = ?", arguments: [stream.description])
        return number
    }

    /// Adds a batch to the stream's chain.
    /// - Parameter range: of the change log; nil for a batch without changes.
    /// - Parameter isShared: whether batches of other streams of the same range say the same.
    func add(
        after outbound: Outbound, range: ClosedRange<Int64>?, changes: Int, state: String, isShared: Bool = false
    ) throws -> Int64 {
        let id = UUID()
        let end = range?.upperBound ?? outbound.cursor
        try db.execute(
            sql: """
                INSERT INTO trunkline_batch
                    (stream, number, id, previous_id, state, from_seq, to_seq, changes, shared, formed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, \(Timestamp.now))
                """,
            arguments: [
                stream.description, outbound.nextNumber, id.uuidString, outbound.lastID?.uuidString, state,
                outbound.cursor + 1, end, changes, isShared,
            ])
        try db.execute(
            sql:
                "UPDATE trunkline_outbound SET next_number = ?, last_id = ?, cursor = ?, was_load = 0 WHERE stream = ?",
            arguments: [outbound.nextNumber + 1, id.uuidString, end, stream.description])
        return outbound.nextNumber
    }

    private func inFlight() throws -> Int {
        try Int.fetchOne(
            db, sql: "SELECT count(*) FROM trunkline_batch WHERE stream = ? AND state = 'sent'",
            arguments: [stream.description])!
    }

    private func lowestPending() throws -> Int64? {
        try Int64.fetchOne(
            db, sql: "SELECT min(number) FROM trunkline_batch WHERE stream = ? AND state = 'pending'",
            arguments: [stream.description])
    }

    func batch(_ number: Int64) throws -> ClaimedBatch {
        let outbound = try Outbound.get(stream, db, operation: "claimBatch")
        let row = try Row.fetchOne(
            db, sql: "SELECT * FROM trunkline_batch WHERE stream = ? AND number = ?",
            arguments: [stream.description, number])!
        let isShared = (row["shared"] as Bool) && (row["attempts"] as Int) == 1
        let claim = try (row["verification"] as String?).map { try JSONText.decode(VerificationClaim.self, $0) }
        return ClaimedBatch(
            stream: stream, epoch: outbound.epoch, number: number, id: UUID(uuidString: row["id"])!,
            previousID: (row["previous_id"] as String?).flatMap(UUID.init(uuidString:)),
            acked: outbound.ackedWatermark, setAsideVersion: outbound.setAsideVersion, follows: outbound.pastEpochs,
            recovery: outbound.recovery, receiverKeepsShapes: outbound.receiverKeepsShapes, attempt: row["attempts"],
            changes: row["changes"],
            sharedContent: isShared ? try Outbound.sharedName(row["from_seq"], row["to_seq"], db) : nil,
            verification: claim, clock: try WallClock.ifShared(db), joined: try Joins.joined(stream, db),
            untaken: try SenderNotices.tables(noticedBy: .wholeTable, stream, db))
    }
}
