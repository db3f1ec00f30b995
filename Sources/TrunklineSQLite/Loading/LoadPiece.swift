internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// What a batch of a load covers: the rows whose keys are in an interval, as they are when it is read.
struct LoadPiece: Sendable {
    var table: Int64
    var after: String?
    var through: String?
    var isNew: Bool
    var sweeps: Bool

    init(of load: TableLoad, through: String?) {
        table = load.table
        after = load.after
        self.through = through ?? load.through
        isNew = load.isNew
        sweeps = load.sweeps
    }

    /// - Parameter row: of `trunkline_batch`; nil when it is a batch of the log.
    init?(_ row: Row) {
        guard let table: Int64 = row["load_table"] else { return nil }
        self.table = table
        after = row["load_after"]
        through = row["load_through"]
        isNew = row["load_new"]
        sweeps = row["load_sweeps"]
    }

    /// Of a batch; nil when it is one of the log, or not as it was claimed any more.
    static func find(_ batch: ClaimedBatch, _ db: Database) throws -> LoadPiece? {
        try Row.fetchOne(
            db, sql: "SELECT * FROM trunkline_batch WHERE stream = ? AND number = ? AND id = ?",
            arguments: [batch.stream.description, batch.number, batch.id.uuidString]
        ).flatMap { LoadPiece($0) }
    }

    /// The table stands still: the batch covers nothing, and the interval is to be loaded again.
    static func giveUp(_ batch: ClaimedBatch, _ db: Database) throws {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT * FROM trunkline_batch
                WHERE stream = ? AND number = ? AND id = ? AND state = 'sent' AND attempts = ?
                """,
            arguments: [batch.stream.description, batch.number, batch.id.uuidString, batch.attempt])
        guard let row, let piece = LoadPiece(row) else { return }
        try TableLoad.putBack(piece, after: piece.after, rows: row["changes"], batch.stream, db)
        try db.execute(
            sql: """
                UPDATE trunkline_batch SET load_table = NULL, load_after = NULL, load_through = NULL, changes = 0
                WHERE stream = ? AND number = ?
                """, arguments: [batch.stream.description, batch.number])
    }

    /// A new epoch: what is not acked is loaded again.
    static func putBackAll(of stream: StreamID, _ db: Database) throws {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT * FROM trunkline_batch
                WHERE stream = ? AND load_table IS NOT NULL AND state <> 'acked' ORDER BY number DESC
                """, arguments: [stream.description])
        for row in rows {
            guard var piece = LoadPiece(row) else { continue }
            // An ack that did not come may have been on its way.
            piece.isNew = false
            try TableLoad.putBack(piece, after: piece.after, rows: row["changes"], stream, db)
        }
    }
}
