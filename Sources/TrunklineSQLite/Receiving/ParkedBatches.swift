internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The messages of one stream that wait for their turn.
struct ParkedBatches {
    private let stream: StreamID
    private let db: Database

    init(_ stream: StreamID, _ db: Database) {
        self.stream = stream
        self.db = db
    }

    func keep(_ batch: InboundBatch) throws {
        let header = batch.header
        try db.execute(
            sql: """
                INSERT INTO trunkline_parked_batch (stream, number, epoch, id, previous_id, message, parked_at)
                VALUES (?, ?, ?, ?, ?, ?, \(Timestamp.now)) ON CONFLICT DO NOTHING
                """,
            arguments: [
                stream.description, header.number, header.epoch.uuidString, header.id.uuidString,
                header.previousID?.uuidString, Data(batch.message),
            ])
    }

    func drop(through header: BatchHeader) throws {
        try db.execute(
            sql: "DELETE FROM trunkline_parked_batch WHERE stream = ? AND epoch = ? AND number <= ?",
            arguments: [stream.description, header.epoch.uuidString, header.number])
    }

    func size() throws -> (batches: Int, bytes: Int) {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*) AS batches, coalesce(sum(length(message)), 0) AS bytes FROM trunkline_parked_batch
                WHERE stream = ?
                """, arguments: [stream.description])!
        return (row["batches"], row["bytes"])
    }

    /// Of streams that are neither stopped nor held (or whose hold is due), the batches whose turn it is.
    static let ready = """
        FROM trunkline_parked_batch AS p JOIN trunkline_inbound AS i
            ON i.stream = p.stream AND i.epoch = p.epoch AND p.number = i.watermark + 1
        WHERE i.stopped IS NULL AND (i.held IS NULL OR i.held_until <= julianday('now'))
        """

    func next() throws -> [UInt8]? {
        try Data.fetchOne(
            db, sql: "SELECT p.message \(ParkedBatches.ready) AND p.stream = ? LIMIT 1",
            arguments: [stream.description]
        ).map { [UInt8]($0) }
    }
}
