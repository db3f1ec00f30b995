internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func splitBatch(
        _ batch: ClaimedBatch, keeping changes: Int
    ) async throws(StoreError) -> ClaimedBatch? {
        try await write("splitBatch", batch.stream.description) { db in
            try BatchQueue(batch.stream, db).split(batch, keeping: max(1, changes))
        }
    }
}

extension BatchQueue {
    /// Gives the changes after the first `changes` back: those of the newest batch are free again, those of an earlier
    /// one are logged anew.
    func split(_ batch: ClaimedBatch, keeping changes: Int) throws -> ClaimedBatch? {
        let name = stream.description
        let range = try Row.fetchOne(
            db,
            sql: """
                SELECT from_seq, to_seq FROM trunkline_batch
                WHERE stream = ? AND number = ? AND id = ? AND state = 'sent' AND attempts = ?
                """,
            arguments: [name, batch.number, batch.id.uuidString, batch.attempt])
        guard let range else { return nil }
        let (from, to): (Int64, Int64) = (range["from_seq"], range["to_seq"])
        let end = try Int64.fetchOne(
            db, sql: "SELECT seq FROM trunkline_change WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT 1 OFFSET ?",
            arguments: [from, to, changes - 1])
        guard let end, end < to else { return try self.batch(batch.number) }
        let outbound = try Outbound.get(stream, db, operation: "splitBatch")
        if batch.number == outbound.nextNumber - 1, outbound.cursor == to {
            try db.execute(
                sql: "UPDATE trunkline_outbound SET cursor = ? WHERE stream = ?", arguments: [end, name])
        } else {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_change (table_id, key, op, at)
                    SELECT table_id, key, 'update', at FROM trunkline_change WHERE seq > ? AND seq <= ? ORDER BY seq
                    """,
                arguments: [end, to])
            try db.execute(sql: "DELETE FROM trunkline_change WHERE seq > ? AND seq <= ?", arguments: [end, to])
            try db.execute(
                sql: """
                    UPDATE trunkline_verification_request SET number = NULL
                    WHERE stream = ?1 AND number IN (SELECT number FROM trunkline_batch
                        WHERE stream = ?1 AND number > ?2 AND state <> 'acked' AND verification IS NOT NULL)
                    """,
                arguments: [name, batch.number])
            try db.execute(
                sql: """
                    UPDATE trunkline_batch SET verification = NULL
                    WHERE stream = ? AND number > ? AND state <> 'acked'
                    """,
                arguments: [name, batch.number])
        }
        try db.execute(
            sql: "UPDATE trunkline_batch SET to_seq = ?, changes = ? WHERE stream = ? AND number = ?",
            arguments: [end, changes, name, batch.number])
        return try self.batch(batch.number)
    }
}
