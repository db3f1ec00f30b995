internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The rows of one stream that could not be stored, kept whole with their reason.
struct SetAsideRows {
    let stream: StreamID
    let db: Database

    /// A line's table and what its bytes do not say.
    private struct Shape: Codable {
        var table: TableHeader
        var misfits: [String: String]
    }

    func exist() throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_set_aside WHERE stream = ?)",
            arguments: [stream.description])!
    }

    func keep(_ failure: Line.Failure, number: Int64) throws {
        var table = failure.line.table
        table.misfits = nil
        try db.execute(
            sql: """
                INSERT INTO trunkline_set_aside
                    (stream, table_name, key, op, line, shape, reason, number, since, last_tried)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, \(Timestamp.now), \(Timestamp.now))
                ON CONFLICT (stream, table_name, key) DO UPDATE SET op = excluded.op, line = excluded.line,
                    shape = excluded.shape, reason = excluded.reason, number = excluded.number, tries = tries + 1,
                    last_tried = excluded.last_tried
                """,
            arguments: [
                stream.description, table.name.description, failure.line.key.description,
                failure.line.isDelete ? "delete" : "row", Data(failure.line.text),
                try JSONText.encode(Shape(table: table, misfits: failure.line.misfits)), failure.reason, number,
            ])
    }

    /// A later image of these keys arrived: what was set aside of them is history.
    func supersede(_ lines: [Line]) throws {
        let statement = try db.makeStatement(
            sql: "DELETE FROM trunkline_set_aside WHERE stream = ? AND table_name = ? AND key = ?")
        for line in lines {
            try statement.execute(arguments: [stream.description, line.table.name.description, line.key.description])
        }
    }

    /// Tries rows again, the least recently tried first.
    /// - Parameter patiently: leave rows that failed often for later.
    func retry(table: TableName?, notTriedFor: Duration, patiently: Bool, limit: Int) throws -> RetryOutcome {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT rowid, op, line, shape FROM trunkline_set_aside
                WHERE stream = ?1 AND (?2 IS NULL OR table_name = ?2)
                    AND (?3 = 0 OR \(Timestamp.age(of: "last_tried")) >= ?3)
                    AND (NOT ?4 OR tries < 20 OR \(Timestamp.age(of: "last_tried")) >= 60)
                ORDER BY last_tried, rowid LIMIT ?5
                """,
            arguments: [
                stream.description, table?.description, notTriedFor / .seconds(1), patiently, limit,
            ])
        var lines: [(id: Int64, line: Line)] = []
        for row in rows {
            let shape = try JSONText.decode(Shape.self, row["shape"])
            let text: Data = row["line"]
            lines.append(
                (
                    row["rowid"],
                    Line(
                        table: shape.table, isDelete: row["op"] == "delete", text: [UInt8](text)[...],
                        misfits: shape.misfits)
                ))
        }
        var writer = RowWriter(stream: stream, db: db)
        var wanted = lines.map(\.line)
        let kept = try KeptRows(stream: stream, db: db).take(outOf: &wanted)
        let failures = kept + (try writer.store(wanted))
        let reasons = Dictionary(
            failures.map { ($0.line.identity, $0.reason) }, uniquingKeysWith: { a, _ in a })
        for (id, line) in lines {
            if let reason = reasons[line.identity] {
                try db.execute(
                    sql:
                        "UPDATE trunkline_set_aside SET tries = tries + 1, reason = ?, last_tried = \(Timestamp.now) WHERE rowid = ?",
                    arguments: [reason, id])
            } else {
                try db.execute(sql: "DELETE FROM trunkline_set_aside WHERE rowid = ?", arguments: [id])
            }
        }
        return RetryOutcome(tried: lines.count, stored: lines.count - failures.count)
    }

    func notices() throws -> [SetAsideNotice] {
        try Row.fetchAll(
            db, sql: "SELECT op, line, shape, reason FROM trunkline_set_aside WHERE stream = ? ORDER BY rowid LIMIT ?",
            arguments: [stream.description, Ack.maximalNotices]
        ).map { row in
            let table = try JSONText.decode(Shape.self, row["shape"]).table
            let text: Data = row["line"]
            let line = Line(table: table, isDelete: row["op"] == "delete", text: [UInt8](text)[...])
            return SetAsideNotice(table: table.name, key: line.key, reason: row["reason"])
        }
    }
}
