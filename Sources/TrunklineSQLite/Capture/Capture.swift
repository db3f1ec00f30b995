internal import GRDB
internal import TrunklineCore

/// Keeps the triggers of the synced tables as they must be.
struct Capture {
    let db: Database
    private(set) var warnings: [String] = []

    init(_ db: Database) { self.db = db }

    /// Whether the schema changed since the triggers were last found right; cheap.
    static func needsCheck(_ office: Office, _ db: Database) throws -> Bool {
        try schemaVersion(db) != office.checkedSchemaVersion
    }

    /// Makes the triggers that are missing or outdated anew. A table whose changes may have been missed
    /// is to be loaded again. A table that is missing or unfit just now stands still, with the reason, and
    /// the others go on: it is looked at again when the schema changes.
    mutating func heal() throws {
        for table in try SyncedTable.all(db) {
            var incomplete = try obstacle(to: table)
            if incomplete == nil, let shape = try TableKind.find(table.name.inSQLite, in: db).shape {
                do {
                    try heal(table, shape)
                } catch let error as StoreError where error.code == .table {
                    incomplete = "table \"\(table.name)\": \(error.reason)"
                }
            }
            guard incomplete != table.incomplete else { continue }
            try db.execute(
                sql: "UPDATE trunkline_synced_table SET incomplete = ? WHERE id = ?",
                arguments: [incomplete, table.id])
        }
        try db.execute(
            sql: "UPDATE trunkline_office SET checked_schema_version = ?", arguments: [try Capture.schemaVersion(db)])
    }

    /// Begins to capture a table; its rows are to be loaded.
    mutating func begin(_ name: TableName) throws {
        guard let shape = try TableKind.find(name.inSQLite, in: db).shape else { return }
        try db.execute(
            sql: "INSERT INTO trunkline_synced_table (name, key_columns, load_operation) VALUES (?, ?, 'insert')",
            arguments: [name.description, try JSONText.encode(shape.key)])
        let table = SyncedTable(id: db.lastInsertedRowID, name: name, keyColumns: shape.key, loadOperation: "insert")
        try heal(table, shape)
    }

    /// Ends the capture of a table and forgets its unbatched changes.
    func end(_ table: SyncedTable) throws {
        for trigger in try triggers(of: table) { try drop(trigger.name) }
        try db.execute(
            sql: """
                DELETE FROM trunkline_change
                WHERE table_id = ? AND seq > (SELECT max(cursor) FROM trunkline_outbound)
                """, arguments: [table.id])
        try db.execute(sql: "DELETE FROM trunkline_held_change WHERE table_id = ?", arguments: [table.id])
        try db.execute(sql: "DELETE FROM trunkline_synced_table WHERE id = ?", arguments: [table.id])
        try db.execute(
            sql: "DELETE FROM trunkline_set_aside_notice WHERE table_name = ?", arguments: [table.name.description])
    }

    private mutating func heal(_ table: SyncedTable, _ shape: TableShape) throws {
        let wanted = try usableTriggers(table, shape)
        let found = try triggers(of: table)
        let right = found.filter { $0.table == shape.name && wanted[$0.name] == $0.sql }
        guard right.count < wanted.count || right.count < found.count else { return }

        // A renamed column is followed by SQLite itself, so an AFTER trigger that is there has seen everything.
        let watching = Set(found.filter { $0.table == shape.name }.map(\.name))
        let mustWatch = ["insert", "update", "delete"].map { CaptureTriggers.prefix(of: table.id) + $0 }
        let isUnbroken = watching.isSuperset(of: mustWatch) && table.keyColumns.count == shape.key.count
        for trigger in found where !right.contains(where: { $0.name == trigger.name }) { try drop(trigger.name) }
        for (name, sql) in wanted.sorted(by: { $0.key < $1.key }) where !right.contains(where: { $0.name == name }) {
            try db.execute(sql: sql)
        }
        try db.execute(
            sql: "UPDATE trunkline_synced_table SET key_columns = ? WHERE id = ?",
            arguments: [try JSONText.encode(shape.key), table.id])
        if !isUnbroken, table.loadOperation == nil { try table.startLoad("update", db) }
    }

    /// The triggers' statements, without what would make the application's own statements fail.
    ///
    /// SQLite looks into a trigger only when it fires; so each kind of statement is compiled here once.
    private mutating func usableTriggers(_ table: SyncedTable, _ shape: TableShape) throws -> [String: String] {
        var triggers = CaptureTriggers(table: table, shape: shape)
        if try compiles(triggers) { return triggers.statements }
        triggers.includesExpressions = false
        guard try compiles(triggers) else {
            throw StoreError(
                .table, operation: "init", subject: table.name.description,
                reason: "its triggers do not compile: \(db.lastErrorMessage ?? "unknown error")",
                hint: "leave the table out of tables")
        }
        warnings.append(
            "table \"\(table.name)\": a row that REPLACE evicts through a unique index with an expression or a WHERE is not noticed"
        )
        return triggers.statements
    }

    private func compiles(_ triggers: CaptureTriggers) throws -> Bool {
        let name = TableName.quoted(triggers.shape.name)
        let key = TableName.quoted(triggers.shape.key[0])
        var compiled = false
        try db.inSavepoint {
            for trigger in try self.triggers(of: triggers.table) { try drop(trigger.name) }
            do {
                for sql in triggers.statements.values { try db.execute(sql: sql) }
                for statement in [
                    "INSERT INTO \(name) DEFAULT VALUES", "UPDATE \(name) SET \(key) = \(key)", "DELETE FROM \(name)",
                ] {
                    _ = try db.makeStatement(sql: "EXPLAIN \(statement)")
                }
                compiled = true
            } catch is DatabaseError {
                compiled = false
            }
            return .rollback
        }
        return compiled
    }

    func triggers(of table: SyncedTable) throws -> [(name: String, table: String, sql: String)] {
        try Row.fetchAll(
            db, sql: "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB ?",
            arguments: [CaptureTriggers.prefix(of: table.id) + "*"]
        ).map { ($0["name"], $0["tbl_name"], $0["sql"]) }
    }

    private func drop(_ trigger: String) throws {
        try db.execute(sql: "DROP TRIGGER \(TableName.quoted(trigger))")
    }

    private static func schemaVersion(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA schema_version")!
    }
}
