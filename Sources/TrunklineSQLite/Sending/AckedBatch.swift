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

    enum Pruning {
        /// Some changes are gone, the batch is not.
        case partly
        case done
    }

    /// So many changes are forgotten in one transaction, in a millisecond or two.
    private static let piece = 500

    /// Deletes of its changes those that are for its receiver alone, some at a time, and then the batch. Those for all
    /// branches are ``SharedLines``'.
    func prune(_ stream: StreamID, _ db: Database) throws -> Pruning {
        try db.makeStatement(
            sql: """
                DELETE FROM trunkline_change WHERE seq IN (
                    SELECT seq FROM trunkline_change
                    WHERE \(StreamLines.isFor(stream.destination.description)) AND seq BETWEEN ? AND ?
                    ORDER BY seq LIMIT ?)
                """
        ).execute(arguments: [range.from, range.to, AckedBatch.piece])
        guard db.changesCount < AckedBatch.piece else { return .partly }
        try db.execute(
            sql: "DELETE FROM trunkline_batch WHERE stream = ? AND number = ?",
            arguments: [stream.description, number])
        return .done
    }
}
