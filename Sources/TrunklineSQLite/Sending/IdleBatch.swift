internal import GRDB
internal import TrunklineCore

/// The batch without changes that an idle stream sends, so that its receiver answers.
enum IdleBatch {
    /// Whether all is acked and the last ack came longer ago than `silence` (or after now: the clock was set back).
    static func isDue(_ stream: StreamID, after silence: Duration, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM trunkline_outbound
                    WHERE stream = ? AND stopped IS NULL AND recovery IS NULL
                        AND next_number > 1 AND acked_watermark = next_number - 1
                        AND \(Timestamp.age(of: "last_contact")) NOT BETWEEN 0 AND ?)
                """, arguments: [stream.description, silence / .seconds(1)])!
    }

    static func form(_ stream: StreamID, _ db: Database) throws {
        let outbound = try Outbound.get(stream, db, operation: "formIdleBatch")
        _ = try BatchQueue(stream, db).add(after: outbound, range: nil, changes: 0, state: "pending")
    }
}
