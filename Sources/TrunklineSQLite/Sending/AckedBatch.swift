internal import GRDB
internal import TrunklineCore

/// A batch whose changes may be forgotten.
struct AckedBatch: Sendable {
    var number: Int64
    var range: (from: Int64, to: Int64)

    /// The oldest one; nil when there is none, or when it can wait.
    static func lowest(of stream: StreamID, _ db: Database) throws -> AckedBatch? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT number, from_seq, to_seq FROM trunkline_batch
                WHERE stream = :stream AND state = 'acked' AND (
                    \(Timestamp.age(of: "acked_at")) > 60
                    OR NOT EXISTS (
                        SELECT 1 FROM trunkline_batch WHERE stream = :stream AND state IN ('pending', 'sent')))
                ORDER BY number LIMIT 1
                """, arguments: ["stream": stream.description])
        return row.map { AckedBatch(number: $0["number"], range: ($0["from_seq"], $0["to_seq"])) }
    }

    /// Deletes the batch, and of its changes those that no other stream still needs.
    func prune(_ stream: StreamID, _ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM trunkline_change
                WHERE seq BETWEEN ? AND min(?, (SELECT min(acked_seq) FROM trunkline_outbound))
                """, arguments: [range.from, range.to])
        try db.execute(
            sql: "DELETE FROM trunkline_batch WHERE stream = ? AND number = ?",
            arguments: [stream.description, number])
    }
}
