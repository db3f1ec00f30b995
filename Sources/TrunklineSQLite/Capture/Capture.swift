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
    /// is to be loaded again, for all streams. A table that is missing or unfit just now stands still, with the reason, and
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
            } else if incomplete != nil, RowScope(table: table).obstacle(db) != nil {
                // What is amiss with the route would make the application's own statements fail.
                for trigger in try triggers(of: table) { try drop(trigger.name) }
            }
            guard incomplete != table.incomplete else { continue }
            try db.execute(
                sql: "UPDATE trunkline_synced_table SET incomplete = ? WHERE id = ?",
                arguments: [incomplete, table.id])
        }
        try LocalWriteGuards(db).heal()
        try db.execute(
            sql: "UPDATE trunkline_office SET checked_schema_version = ?", arguments: [try Capture.schemaVersion(db)])
    }

    private func sharedSince(_ known: String, _ conflict: String) -> String {
        "CASE WHEN \(conflict) IS NOT NULL THEN coalesce(\(known), CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)) END"
    }

    /// Begins to capture a table, and its load for every stream.
    mutating func begin(_ rule: TableRule) throws {
        guard let shape = try TableKind.find(rule.name.inSQLite, in: db).shape else { return }
        let role = try Office.read(db, operation: "init").role
        let (route, filter) = (rule.keptRoute(at: role), rule.keptFilter(at: role))
        try db.execute(
            sql: """
                INSERT INTO trunkline_synced_table (name, key_columns, route, filter, conflict, shared_since)
                VALUES (?1, ?2, ?3, ?4, ?5, \(sharedSince("NULL", "?5")))
                """,
            arguments: [
                rule.name.description, try JSONText.encode(shape.key), try route.map { try JSONText.encode($0) },
                filter, try rule.conflict.map { try JSONText.encode($0) },
            ])
        let table = SyncedTable(
            id: db.lastInsertedRowID, name: rule.name, keyColumns: shape.key, route: route, filter: filter,
            conflict: rule.conflict)
        try heal(table, shape, isNew: true)
    }

    /// Gives a table another route or filter: every stream looks at each of its rows, whether it is for its branch. One that
    /// is shared from now on, or no more, or by another policy, begins anew.
    /// - Returns: whether it is another.
    mutating func change(_ table: SyncedTable, to rule: TableRule) throws -> Bool {
        let role = try Office.read(db, operation: "init").role
        let (route, filter) = (rule.keptRoute(at: role), rule.keptFilter(at: role))
        guard table.route != route || table.filter != filter || table.conflict != rule.conflict else {
            return false
        }
        try db.execute(
            sql: """
                UPDATE trunkline_synced_table SET route = ?1, filter = ?2, conflict = ?3, reading_problem = NULL,
                    shared_since = \(sharedSince("shared_since", "?3")) WHERE id = ?4
                """,
            arguments: [
                try route.map { try JSONText.encode($0) }, filter, try rule.conflict.map { try JSONText.encode($0) },
                table.id,
            ])
        if rule.conflict == nil { try SharedRow.forget(table.id, db) }
        var changed = table
        changed.conflict = rule.conflict
        try TableLoad.begin(changed, isNew: false, sweeps: route != nil, db)
        return true
    }

    /// Ends the capture of a table and forgets its unbatched changes.
    func end(_ table: SyncedTable) throws {
        for trigger in try triggers(of: table) { try drop(trigger.name) }
        try db.execute(
            sql: """
                DELETE FROM trunkline_change
                WHERE table_id = ? AND seq > (SELECT max(cursor) FROM trunkline_outbound)
                """, arguments: [table.id])
        try db.execute(sql: "DELETE FROM trunkline_load WHERE table_id = ?", arguments: [table.id])
        try db.execute(sql: "DELETE FROM trunkline_held_change WHERE table_id = ?", arguments: [table.id])
        try SharedRow.forget(table.id, db)
        try db.execute(sql: "DELETE FROM trunkline_synced_table WHERE id = ?", arguments: [table.id])
        try db.execute(
            sql: "DELETE FROM trunkline_set_aside_notice WHERE table_name = ?", arguments: [table.name.description])
    }

    private mutating func heal(_ table: SyncedTable, _ shape: TableShape, isNew: Bool = false) throws {
        let wanted = try usableTriggers(table, shape)
        let found = try triggers(of: table)
        let right = found.filter { wanted[$0.name] == CaptureTriggers.Trigger(table: $0.table, sql: $0.sql) }
        guard right.count < wanted.count || right.count < found.count else { return }

        // A renamed column is followed by SQLite itself, so an AFTER trigger that is there has seen everything.
        let watching = Set(found.filter { $0.table == wanted[$0.name]?.table }.map(\.name))
        let isUnbroken =
            watching.isSuperset(of: CaptureTriggers.watching(table)) && table.keyColumns.count == shape.key.count
        for trigger in found where !right.contains(where: { $0.name == trigger.name }) { try drop(trigger.name) }
        for (name, trigger) in wanted.sorted(by: { $0.key < $1.key }) where !right.contains(where: { $0.name == name })
        {
            try db.execute(sql: trigger.sql)
        }
        try db.execute(
            sql: "UPDATE trunkline_synced_table SET key_columns = ? WHERE id = ?",
            arguments: [try JSONText.encode(shape.key), table.id])
        // At the head the branches say when they have joined a shared table.
        let waits = try isNew && table.conflict != nil && Office.read(db, operation: "capture").role == .head
        if isNew && !waits || !isUnbroken && !isNew { try TableLoad.begin(table, isNew: isNew, sweeps: !isNew, db) }
    }

    /// The triggers' statements, without what would make the application's own statements fail.
    ///
    /// SQLite looks into a trigger only when it fires; so each kind of statement is compiled here once.
    private mutating func usableTriggers(
        _ table: SyncedTable, _ shape: TableShape
    ) throws -> [String: CaptureTriggers.Trigger] {
        var triggers = CaptureTriggers(
            table: table, shape: shape, office: try Office.read(db, operation: "look at triggers").id,
            mapping: try Capture.mapping(of: table, db))
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
        let watched = [triggers.shape, triggers.mapping].compactMap { $0 }.map {
            (TableName.quoted($0.name), TableName.quoted($0.columns[0].name))
        }
        var compiled = false
        try db.inSavepoint {
            for trigger in try self.triggers(of: triggers.table) { try drop(trigger.name) }
            do {
                for (_, trigger) in triggers.statements.sorted(by: { $0.key < $1.key }) {
                    try db.execute(sql: trigger.sql)
                }
                for (name, column) in watched {
                    for statement in [
                        "INSERT INTO \(name) DEFAULT VALUES", "UPDATE \(name) SET \(column) = \(column)",
                        "DELETE FROM \(name)",
                    ] {
                        _ = try db.makeStatement(sql: "EXPLAIN \(statement)")
                    }
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

    /// The table that maps a synced table's rows to branches, with or without a key; nil when there is none.
    static func mapping(of table: SyncedTable, _ db: Database) throws -> TableShape? {
        guard case .mapping(_, let through, _, _) = table.route else { return nil }
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT name, wr FROM pragma_table_list
                WHERE schema = 'main' AND type = 'table' AND name = ? COLLATE NOCASE
                """, arguments: [through.inSQLite])
        return try row.map { try TableShape(name: $0["name"], isWithoutRowid: $0["wr"], in: db) }
    }

    private func drop(_ trigger: String) throws {
        try db.execute(sql: "DROP TRIGGER \(TableName.quoted(trigger))")
    }

    private static func schemaVersion(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA schema_version")!
    }
}
