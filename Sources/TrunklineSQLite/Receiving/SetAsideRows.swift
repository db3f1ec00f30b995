internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The rows of one stream that could not be stored, kept whole with their reason.
struct SetAsideRows {
    private let stream: StreamID
    private let db: Database

    init(_ stream: StreamID, _ db: Database) {
        self.stream = stream
        self.db = db
    }

    /// A line's table and what its bytes do not say.
    private struct Shape: Codable {
        var table: TableHeader
        var misfits: [String: String]
        /// nil: no.
        var storedInPart: Bool?
        var keepsImage: Bool?

        init(_ line: ReceivedLine) {
            table = line.table.ofNoBatch
            misfits = line.misfits
            storedInPart = line.isStoredInPart ? true : nil
            keepsImage = line.keepsImage ? true : nil
        }
    }

    func keep(_ failures: [LineFailure], number: Int64) throws {
        var ids: [ReceivedLine: Int64] = [:]
        func id(_ line: ReceivedLine) throws -> Int64 {
            if let known = ids[line.shape] { return known }
            let id = try keep(JSONText.encode(Shape(line)))
            ids[line.shape] = id
            return id
        }
        for failure in failures {
            let line = failure.line
            try db.execute(
                sql: """
                    INSERT INTO trunkline_set_aside (stream, table_name, key, op, line, shape_id, reason, lacks_parent,
                        number, since, last_tried, retry_at)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \(Timestamp.now), \(Timestamp.now),
                        \(Timestamp.inSeconds("iif(?8, 0, 1)")))
                    ON CONFLICT (stream, table_name, key) DO UPDATE SET op = excluded.op, line = excluded.line,
                        shape_id = excluded.shape_id, reason = excluded.reason, lacks_parent = excluded.lacks_parent,
                        number = excluded.number, tries = tries + 1, last_tried = excluded.last_tried,
                        retry_at = excluded.retry_at
                    """,
                arguments: [
                    stream.description, line.table.name.description, line.key.description,
                    line.isDelete ? "delete" : "row", Data(line.text), try id(line),
                    failure.reason, failure.lacksParent, number,
                ])
        }
    }

    private func keep(_ shape: String) throws -> Int64 {
        let known = try Int64.fetchOne(
            db, sql: "SELECT id FROM trunkline_set_aside_shape WHERE stream = ? AND shape = ?",
            arguments: [stream.description, shape])
        if let known { return known }
        try db.execute(
            sql: "INSERT INTO trunkline_set_aside_shape (stream, shape) VALUES (?, ?)",
            arguments: [stream.description, shape])
        return db.lastInsertedRowID
    }

    func size() throws -> (rows: Int, bytes: Int) {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT count(*) AS rows, coalesce(sum(length(line)), 0) AS bytes FROM trunkline_set_aside WHERE stream = ?
                """, arguments: [stream.description])!
        return (row["rows"], row["bytes"])
    }

    func forget(_ keys: [RowKey], of table: TableName) throws {
        let statement = try db.cachedStatement(
            sql: "DELETE FROM trunkline_set_aside WHERE stream = ? AND table_name = ? AND key = ?")
        for key in keys {
            try statement.execute(arguments: [stream.description, table.description, key.description])
        }
    }

    /// In the order in which they came, so that parents come before children.
    func chosen(_ choice: RetryChoice, limit: Int) throws -> [SetAsideRow] {
        let rows: [Row]
        switch choice {
        case .due:
            rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM (
                        SELECT id, op, line, shape_id, \(bytesBefore("line", "retry_at, id")) AS before FROM (
                            SELECT rowid AS id, * FROM trunkline_set_aside
                            WHERE stream = ? AND retry_at <= julianday('now') ORDER BY retry_at, rowid LIMIT ?)
                    ) WHERE before < \(ReceiverEngine.Limit.retriedBytes) ORDER BY id
                    """, arguments: [stream.description, limit])
        case .requested(let table, let pause), .kept(let table, let pause):
            rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM (
                        SELECT id, op, line, shape_id, \(bytesBefore("line", "last_tried, id")) AS before FROM (
                            SELECT rowid AS id, * FROM trunkline_set_aside
                            WHERE stream = ?1 AND (?2 IS NULL OR table_name = ?2)
                                AND (?3 = 0 OR \(Timestamp.age(of: "last_tried")) >= ?3)
                            ORDER BY last_tried, rowid LIMIT ?4)
                    ) WHERE before < \(ReceiverEngine.Limit.retriedBytes) ORDER BY id
                    """,
                arguments: [stream.description, table?.description, pause / .seconds(1), limit])
        }
        let shapes = try shapes(of: rows)
        return try rows.map { SetAsideRow(id: $0["id"], line: try SetAsideRows.line($0, shapes)) }
    }

    /// What the rows before come to, so that long ones are not read to be left out.
    private func bytesBefore(_ column: String, _ order: String, rows: Int = 1) -> String {
        """
        coalesce(sum(length(CAST(\(column) AS BLOB))) OVER (ORDER BY \(order)
            ROWS BETWEEN UNBOUNDED PRECEDING AND \(rows) PRECEDING), 0)
        """
    }

    /// By their ids.
    private func shapes(of rows: [Row]) throws -> [Int64: Shape] {
        var shapes: [Int64: Shape] = [:]
        for id in Set(rows.map { $0["shape_id"] as Int64 }) {
            let text = try String.fetchOne(
                db, sql: "SELECT shape FROM trunkline_set_aside_shape WHERE id = ?", arguments: [id])
            shapes[id] = try text.map { try JSONText.decode(Shape.self, $0) }
        }
        return shapes
    }

    private static func line(_ row: Row, _ shapes: [Int64: Shape]) throws -> ReceivedLine {
        guard let shape = shapes[row["shape_id"]] else {
            throw StoreError(
                .program, operation: "read set-aside rows", subject: "shape \(row["shape_id"] as Int64)",
                reason: "it is not there")
        }
        let text: Data = row["line"]
        return ReceivedLine(
            table: shape.table, isDelete: row["op"] == "delete", text: [UInt8](text)[...], misfits: shape.misfits,
            isStoredInPart: shape.storedInPart ?? false, keepsImage: shape.keepsImage ?? false)
    }

    /// Whether tables still do not fit as wholes is looked at now.
    static func tryWholeTables(_ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_set_aside SET retry_at = julianday('now') WHERE key IN \(RowKey.wholeTablesInSQL)")
    }

    static func noteTried(_ rows: [SetAsideRow], failures: [Int64: LineFailure], _ db: Database) throws {
        for row in rows {
            guard let failure = failures[row.id] else {
                try db.execute(sql: "DELETE FROM trunkline_set_aside WHERE rowid = ?", arguments: [row.id])
                continue
            }
            try db.execute(
                sql: """
                    UPDATE trunkline_set_aside SET tries = tries + 1, reason = ?1, lacks_parent = ?2,
                        last_tried = \(Timestamp.now), retry_at = \(Timestamp.inSeconds(
                            "iif(?2 AND tries < ?3, 0, min(?4, 1 << min(tries, 20)))"))
                    WHERE rowid = ?5
                    """,
                arguments: [
                    failure.reason, failure.lacksParent, RetryPause.eagerTries, RetryPause.longest, row.id,
                ])
        }
    }

    /// Changes of the list after the version `told`, one more than go with an ack when there are so many, or such long ones.
    func changes(after told: Int64) throws -> [SetAsideListPart.Change] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT c.version, c.table_name, c.key, s.reason FROM (
                    SELECT *, \(bytesBefore("key", "version", rows: 2)) AS before FROM (
                        SELECT * FROM trunkline_set_aside_change WHERE stream = ? AND version > ?
                        ORDER BY version LIMIT ?)
                ) AS c LEFT JOIN trunkline_set_aside AS s USING (stream, table_name, key)
                WHERE c.before < \(Ack.maximalListBytes) ORDER BY c.version
                """, arguments: [stream.description, told, Ack.maximalChanges + 1]
        ).compactMap { row in
            guard let table = TableName(parsing: row["table_name"]) else { return nil }
            let key = try JSONText.decode(RowKey.self, row["key"])
            return SetAsideListPart.Change(
                version: row["version"], key: SetAsideKey(table: table, key: key), reason: row["reason"])
        }
    }

    /// The whole list, for a sender that takes no differences.
    func notices() throws -> [SetAsideNotice] {
        try lines(of: nil).map { line, reason in
            SetAsideNotice(table: line.table.name, key: line.key, reason: reason)
        }
    }

    /// Those of one table, or all that a list has room for.
    func lines(of table: TableName?) throws -> [(ReceivedLine, reason: String)] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT op, line, shape_id, reason FROM (
                    SELECT *, \(bytesBefore("line", "id")) AS before FROM (
                        SELECT rowid AS id, * FROM trunkline_set_aside
                        WHERE stream = ?1 AND (?3 IS NULL OR table_name = ?3)
                        ORDER BY rowid LIMIT iif(?3 IS NULL, ?2, -1))
                ) WHERE before < \(Ack.maximalNoticeBytes) OR ?3 IS NOT NULL ORDER BY id
                """, arguments: [stream.description, Ack.maximalNotices, table?.description])
        let shapes = try shapes(of: rows)
        return try rows.map { (try SetAsideRows.line($0, shapes), reason: $0["reason"]) }
    }
}
