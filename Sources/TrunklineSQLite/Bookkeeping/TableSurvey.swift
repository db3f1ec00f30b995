internal import GRDB
internal import TrunklineCore

/// What a selection of tables means in a SQLite file.
struct TableSurvey {
    let db: Database

    /// The tables that the selection means, those that cannot be synced, and those that are passed over.
    func resolve(
        _ selection: TableSelection
    ) throws -> (tables: [TableRule], refusals: [String], warnings: [String]) {
        switch selection {
        case .listed(let rules, _):
            let names = rules.map(\.name)
            return (rules, try names.compactMap { try refusal(of: $0) } + repetitions(names), [])
        case .all(let exceptions):
            let excepted = Set(exceptions.map { $0.inSQLite.lowercased() })
            let missing = try exceptions.filter { try isMissing($0) }.map { "tables: -\($0): \(try absence(of: $0))" }
            var tables: [TableName] = []
            var warnings: [String] = []
            for name in try self.tables() where !excepted.contains(name.lowercased()) {
                if try TableKind.find(name, in: db).shape != nil {
                    tables.append(TableName(inSQLite: name))
                } else {
                    warnings.append(
                        "table \"\(name)\" has no primary key and is left out; add one, or name it as an exception: -\(TableName(name))"
                    )
                }
            }
            return (tables.map { TableRule($0) }, missing, warnings)
        }
    }

    /// The user's ordinary tables.
    private func tables() throws -> [String] {
        try String.fetchAll(
            db,
            sql: """
                SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
                    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'trunkline\\_%' ESCAPE '\\'
                ORDER BY name
                """)
    }

    private func refusal(of table: TableName) throws -> String? {
        let name = table.inSQLite
        let folded = name.lowercased()
        if folded.hasPrefix("trunkline_") || folded.hasPrefix("sqlite_") {
            return "\"\(name)\" is not a table of yours; leave it out of tables"
        }
        if try isMissing(table) { return try absence(of: table) }
        let kind = try TableKind.find(name, in: db)
        return try kind.unfitness(of: name) ?? SyncedTable.misspelling(of: table, kind, db)
    }

    private func repetitions(_ names: [TableName]) -> [String] {
        var seen: Set<String> = []
        return names.filter { !seen.insert($0.inSQLite.lowercased()).inserted }.map {
            "table \"\($0)\" is named twice; SQLite does not tell upper from lower case"
        }
    }

    private func isMissing(_ table: TableName) throws -> Bool {
        if case .missing = try TableKind.find(table.inSQLite, in: db) { true } else { false }
    }

    private func absence(of table: TableName) throws -> String {
        let near = try Suggestion.nearest(to: table.name, among: tables())
        return "there is no table \"\(table.inSQLite)\"; "
            + (near.map { "did you mean \($0)?" } ?? "create it first, or leave it out of tables")
    }
}

extension TableName {
    /// The name whose ``inSQLite`` this is: what stands before a dot travels as a schema.
    fileprivate init(inSQLite name: String) { self = TableName(parsing: name) ?? TableName(name) }
}
