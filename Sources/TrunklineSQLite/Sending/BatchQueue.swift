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

    enum Work: Hashable {
        case nothing
        case claim
        /// Triggers or loads are to be seen to first.
        case heal
    }

    init(_ stream: StreamID, _ db: Database) {
        self.stream = stream
        self.db = db
    }

    /// What a claim would find, without writing.
    func look(window: Int) throws -> Work {
        let office = try Office.read(db, operation: "claimBatch")
        if try Capture.needsCheck(office, db) || !TableLoad.unfinished(db).isEmpty { return .heal }
        let outbound = try Outbound.get(stream, db, operation: "claimBatch")
        guard outbound.stopped == nil, try inFlight() < window else { return .nothing }
        guard outbound.sendsChanges else { return try lowestPending() == nil ? .nothing : .claim }
        let hasChanges = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_change WHERE seq > ?)", arguments: [outbound.cursor])!
        return try hasChanges || lowestPending() != nil ? .claim : .nothing
    }

    /// The lowest pending batch, else a new one; marked `sent`.
    func claim(window: Int, changes: Int) throws -> ClaimedBatch? {
        let outbound = try Outbound.get(stream, db, operation: "claimBatch")
        guard outbound.stopped == nil, try inFlight() < window else { return nil }
        let next = try lowestPending()
        guard next != nil || outbound.sendsChanges else { return nil }
        guard let number = try next ?? form(after: outbound, changes: changes, state: "pending") else { return nil }
        try db.execute(
            sql: """
                UPDATE trunkline_batch SET state = 'sent', attempts = attempts + 1, sent_at = \(Timestamp.now)
                WHERE stream = ? AND number = ? AND state = 'pending'
                """,
            arguments: [stream.description, number])
        return try batch(number)
    }

    /// Makes a batch of the next `changes` unbatched changes.
    /// - Returns: its number; nil when there are none.
    func form(after outbound: Outbound, changes: Int, state: String) throws -> Int64? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*) AS changes, max(seq) AS last
                FROM (SELECT seq FROM trunkline_change WHERE seq > ? ORDER BY seq LIMIT ?)
                """,
            arguments: [outbound.cursor, max(1, changes)])!
        guard let last: Int64 = row["last"] else { return nil }
        return try add(
            after: outbound, range: (outbound.cursor + 1)...last, changes: row["changes"], state: state)
    }

    /// Adds a batch to the stream's chain.
    /// - Parameter range: of the change log; nil for a batch without changes.
    func add(after outbound: Outbound, range: ClosedRange<Int64>?, changes: Int, state: String) throws -> Int64 {
        let id = UUID()
        let end = range?.upperBound ?? outbound.cursor
        try db.execute(
            sql: """
                INSERT INTO trunkline_batch
                    (stream, number, id, previous_id, state, from_seq, to_seq, changes, formed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, \(Timestamp.now))
                """,
            arguments: [
                stream.description, outbound.nextNumber, id.uuidString, outbound.lastID?.uuidString, state,
                outbound.cursor + 1, end, changes,
            ])
        try db.execute(
            sql: "UPDATE trunkline_outbound SET next_number = ?, last_id = ?, cursor = ? WHERE stream = ?",
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
        let claim = try (row["verification"] as String?).map { try JSONText.decode(VerificationClaim.self, $0) }
        return ClaimedBatch(
            stream: stream, epoch: outbound.epoch, number: number, id: UUID(uuidString: row["id"])!,
            previousID: (row["previous_id"] as String?).flatMap(UUID.init(uuidString:)),
            acked: outbound.ackedWatermark, setAsideVersion: outbound.setAsideVersion, follows: outbound.pastEpochs,
            recovery: outbound.recovery, receiverKeepsShapes: outbound.receiverKeepsShapes, attempt: row["attempts"],
            changes: row["changes"], verification: claim)
    }
}
