internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// Makes a claimed batch smaller, in the caller's transaction: the keys that it gives up become changes again.
struct BatchSplit {
    let batch: ClaimedBatch
    let db: Database

    /// - Returns: the batch as it is now; nil when the claim is not in force.
    func keep(_ changes: Int) throws -> ClaimedBatch? {
        let stream = batch.stream.description
        let queue = BatchQueue(batch.stream, db)
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT from_seq, to_seq, changes FROM trunkline_batch
                WHERE stream = ? AND number = ? AND id = ? AND state = 'sent' AND attempts = ?
                """, arguments: [stream, batch.number, batch.id.uuidString, batch.attempt])
        guard let row else { return nil }
        let range: (from: Int64, to: Int64) = (row["from_seq"], row["to_seq"])
        guard changes < row["changes"] as Int else { return try queue.batch(batch.number) }
        let end = try Int64.fetchOne(
            db, sql: "SELECT seq FROM trunkline_change WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT 1 OFFSET ?",
            arguments: [range.from, range.to, changes - 1])
        guard let end else { return try queue.batch(batch.number) }

        let outbound = try Outbound.get(batch.stream, db, operation: "splitBatch")
        if batch.number == outbound.nextNumber - 1 {
            try db.execute(
                sql: "UPDATE trunkline_outbound SET cursor = ? WHERE stream = ?", arguments: [end, stream])
        } else {
            try logAnew(from: end + 1, to: range.to)
        }
        try db.execute(
            sql: "UPDATE trunkline_batch SET to_seq = ?, changes = ? WHERE stream = ? AND number = ?",
            arguments: [end, changes, stream, batch.number])
        try withdrawClaims()
        return try queue.batch(batch.number)
    }

    /// Behind all that is logged. A key that waits there already needs no second line.
    private func logAnew(from: Int64, to: Int64) throws {
        let lines = try Row.fetchAll(
            db, sql: "SELECT table_id, key, op, at FROM trunkline_change WHERE seq BETWEEN ? AND ? ORDER BY seq",
            arguments: [from, to])
        try db.execute(sql: "DELETE FROM trunkline_change WHERE seq BETWEEN ? AND ?", arguments: [from, to])
        for line in lines {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_change (table_id, key, op, at)
                    SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (
                        SELECT 1 FROM trunkline_change WHERE table_id = ?1 AND key = ?2
                            AND seq > (SELECT max(cursor) FROM trunkline_outbound))
                    """,
                arguments: [
                    line["table_id"] as Int64, line["key"] as String, line["op"] as String, line["at"] as String,
                ])
        }
    }

    /// Later batches carry digests of rows that now travel after them: they go without, and the wish stands again.
    private func withdrawClaims() throws {
        let arguments: StatementArguments = [batch.stream.description, batch.number]
        try db.execute(
            sql: """
                UPDATE trunkline_verification_request SET number = NULL
                WHERE stream = ?1 AND number IN (
                    SELECT number FROM trunkline_batch
                    WHERE stream = ?1 AND number > ?2 AND state <> 'acked'
                        AND (verification IS NOT NULL OR state = 'preparing'))
                """, arguments: arguments)
        try db.execute(
            sql: """
                UPDATE trunkline_batch
                SET verification = NULL, state = CASE state WHEN 'preparing' THEN 'pending' ELSE state END
                WHERE stream = ? AND number > ? AND state <> 'acked'
                    AND (verification IS NOT NULL OR state = 'preparing')
                """, arguments: arguments)
    }
}
