internal import GRDB
internal import TrunklineCore

/// Logs every row of a table as changed, some at a time, so that no transaction is long; before them the
/// changes that waited while the table stood still.
///
/// The place is kept in `trunkline_synced_table`; a crash in between costs nothing. Rows that are
/// inserted behind the place are logged by the triggers, which are there before the load begins.
struct TableLoad {
    let table: SyncedTable
    let shape: TableShape
    let chunk: Int
    let db: Database

    /// Does one chunk of some table that is not fully loaded.
    /// - Returns: nil when all are loaded.
    static func step(chunk: Int, _ db: Database) throws -> (table: TableName, rows: Int)? {
        for table in try SyncedTable.all(db) where table.incomplete == nil {
            if try HeldChanges(table, db).release(atMost: chunk) > 0 { return (table.name, 0) }
            guard table.loadOperation != nil, let shape = try TableKind.find(table.name.inSQLite, in: db).shape else {
                continue
            }
            return (table.name, try TableLoad(table: table, shape: shape, chunk: chunk, db: db).loadChunk())
        }
        return nil
    }

    /// The tables that are not fully loaded and could be.
    static func unfinished(_ db: Database) throws -> [SyncedTable] {
        let isAny = try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM trunkline_synced_table WHERE load_operation IS NOT NULL)
                    OR EXISTS (SELECT 1 FROM trunkline_held_change)
                """)!
        guard isAny else { return [] }
        return try SyncedTable.all(db).filter { table in
            guard table.incomplete == nil else { return false }
            if try HeldChanges(table, db).exist() { return true }
            return try table.loadOperation != nil && TableKind.find(table.name.inSQLite, in: db).shape != nil
        }
    }

    private func loadChunk() throws -> Int {
        let name = TableName.quoted(shape.name)
        let (terms, order) = position
        let place = table.loadAfter.map { values(ofPlace: $0) } ?? []
        let after = place.isEmpty ? "TRUE" : "(\(order)) > (\(placeholders))"
        let last = try db.cachedStatement(
            sql:
                "SELECT \(lastPlace) FROM \(name) WHERE \(after) ORDER BY \(order) LIMIT 1 OFFSET ?"
        )
        try bind(place + [.integer(Int64(chunk - 1))], to: last, from: 1)
        var end: (text: String, values: [SQLiteValue])?
        if try last.stepOnce(db) {
            end = (text(last), (0..<terms).map { SQLiteValue(last, column: 1 + $0) })
        }
        last.rewind()

        let through = end == nil ? "TRUE" : "(\(order)) <= (\(placeholders))"
        let key = KeyText.expression(of: shape, row: name)
        let range = "FROM \(name) WHERE \(after) AND \(through)"
        let insert = try db.cachedStatement(
            sql: """
                INSERT INTO trunkline_change (table_id, key, op, at)
                SELECT \(table.id), k, '\(table.loadOperation!)', \(Timestamp.now)
                FROM (SELECT \(key) AS k \(range) ORDER BY \(order)) WHERE \(CaptureTriggers.isUnlogged("k", table.id))
                """)
        try bind(place + (end?.values ?? []), to: insert, from: 1)
        _ = try insert.stepOnce(db)
        insert.rewind()
        let rows = try end == nil ? count("SELECT count(*) \(range)", place) : chunk
        try db.execute(
            sql: """
                UPDATE trunkline_synced_table SET load_after = ?, load_operation = iif(?, NULL, load_operation)
                WHERE id = ?
                """, arguments: [end?.text, end == nil, table.id])
        return rows
    }

    private func count(_ sql: String, _ place: [SQLiteValue]) throws -> Int {
        let count = try db.cachedStatement(sql: sql)
        defer { count.rewind() }
        try bind(place, to: count, from: 1)
        _ = try count.stepOnce(db)
        return RawValue.with(count, column: 0) { if case .integer(let rows) = $0 { Int(rows) } else { 0 } }
    }

    /// What the load walks along: the rowid, else the key.
    private var position: (terms: Int, order: String) {
        guard shape.rowidName == nil else { return (1, rowid) }
        let terms = zip(shape.key, shape.keyCollations).map {
            "\(TableName.quoted($0)) COLLATE \(TableName.quoted($1))"
        }
        return (terms.count, terms.joined(separator: ", "))
    }

    private var rowid: String { "\(TableName.quoted(shape.name)).\(shape.rowidName!)" }

    private var placeholders: String {
        Array(repeating: "?", count: position.terms).joined(separator: ", ")
    }

    /// The place as the bookkeeping keeps it, then its values.
    private var lastPlace: String {
        guard shape.rowidName == nil else { return "CAST(\(rowid) AS TEXT), \(rowid)" }
        let columns = shape.key.map { TableName.quoted($0) }.joined(separator: ", ")
        return "\(KeyText.expression(of: shape, row: TableName.quoted(shape.name))), \(columns)"
    }

    /// A place that does not fit, because the table was rebuilt, is none: the load begins anew.
    private func values(ofPlace text: String) -> [SQLiteValue] {
        KeyText.values(text, count: position.terms) ?? []
    }

    private func text(_ statement: Statement) -> String {
        RawValue.with(statement, column: 0) {
            if case .text(let bytes) = $0 { String(decoding: bytes, as: UTF8.self) } else { "" }
        }
    }

    private func bind(_ values: [SQLiteValue], to statement: Statement, from first: Int) throws {
        for (offset, value) in values.enumerated() { try value.bind(to: statement, at: first + offset) }
    }
}
