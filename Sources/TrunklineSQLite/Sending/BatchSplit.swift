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
                SELECT * FROM trunkline_batch
                WHERE stream = ? AND number = ? AND id = ? AND state = 'sent' AND attempts = ?
                """, arguments: [stream, batch.number, batch.id.uuidString, batch.attempt])
        guard let row else { return nil }
        if let piece = LoadPiece(row) { return try keep(changes, of: piece, was: row["changes"]) }
        let range: (from: Int64, to: Int64) = (row["from_seq"], row["to_seq"])
        guard changes < row["changes"] as Int else { return try queue.batch(batch.number) }
        let outbound = try Outbound.get(batch.stream, db, operation: "splitBatch")
        let lines = StreamLines.query(outbound.destination, "seq", where: "seq BETWEEN ?1 AND ?2")
        let end = try Int64.fetchOne(
            db.makeStatement(sql: "\(lines) ORDER BY seq LIMIT 1 OFFSET ?3"),
            arguments: [range.from, range.to, changes - 1])
        guard let end else { return try queue.batch(batch.number) }

        if batch.number == outbound.nextNumber - 1 {
            try db.execute(
                sql: "UPDATE trunkline_outbound SET cursor = ? WHERE stream = ?", arguments: [end, stream])
            try Outbound.turnLog(db)
        } else {
            try logAnew(from: end + 1, to: range.to, for: outbound)
        }
        try db.execute(
            sql: "UPDATE trunkline_batch SET to_seq = ?, changes = ? WHERE stream = ? AND number = ?",
            arguments: [end, changes, stream, batch.number])
        try VerificationRecord.withdrawClaims(behind: batch.number, of: batch.stream, db)
        return try queue.batch(batch.number)
    }

    /// Of a batch of a load: it keeps its first rows, and the rest of its interval is to be loaded again. There may be more
    /// rows now than there were when it was formed.
    private func keep(_ rows: Int, of piece: LoadPiece, was: Int) throws -> ClaimedBatch? {
        let queue = BatchQueue(batch.stream, db)
        guard let table = try SyncedTable.all(db).first(where: { $0.id == piece.table }),
            let shape = try TableKind.find(table.name.inSQLite, in: db).shape
        else { return try queue.batch(batch.number) }
        let scope = RowScope(table: table).conditions(for: batch.stream.destination.description)
        let walk = try KeyWalk(
            shape, after: piece.after, through: piece.through, conditions: piece.sweeps ? [] : scope, db)
        defer { walk.end() }
        var end: [SQLiteValue]?
        var kept = 0
        var isMore = false
        while let step = try walk.next() {
            if end != nil {
                isMore = true
                break
            }
            if step.isWanted { kept += 1 }
            if kept >= rows, step.isPlace { end = step.key }
        }
        guard isMore, let end else { return try queue.batch(batch.number) }
        let through = KeyText.text(of: end)
        try TableLoad.putBack(piece, after: through, rows: max(0, was - kept), batch.stream, db)
        try db.execute(
            sql: "UPDATE trunkline_batch SET load_through = ?, changes = ? WHERE stream = ? AND number = ?",
            arguments: [through, kept, batch.stream.description, batch.number])
        try VerificationRecord.withdrawClaims(behind: batch.number, of: batch.stream, db)
        return try queue.batch(batch.number)
    }

    /// Behind all that is logged, for this stream alone; lines for all stay, since others read them. A key that waits there
    /// already needs no second line.
    private func logAnew(from: Int64, to: Int64, for outbound: Outbound) throws {
        let query = StreamLines.query(
            outbound.destination, "seq, table_id, key, op, at", where: "seq BETWEEN ?1 AND ?2")
        let lines = try Row.fetchAll(db.makeStatement(sql: "\(query) ORDER BY seq"), arguments: [from, to])
        try db.makeStatement(
            sql: """
                DELETE FROM trunkline_change
                WHERE \(StreamLines.isFor(outbound.destination)) AND seq BETWEEN ? AND ?
                """
        ).execute(arguments: [from, to])
        for line in lines {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_change (table_id, key, op, at, destination)
                    SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (
                        SELECT 1 FROM trunkline_change WHERE table_id = ?1 AND key = ?2
                            AND destination IN (?5, 'all') AND seq > ?6)
                    """,
                arguments: [
                    line["table_id"] as Int64, line["key"] as String, line["op"] as String, line["at"] as String,
                    outbound.destination, outbound.cursor,
                ])
        }
    }
}
