internal import GRDB
internal import TrunklineCore

extension SQLiteReceiving {
    func missingColumns(of table: TableHeader) throws(StoreError) -> MissingColumns? {
        try run("look at table", table.name) {
            guard let shape = try TableKind.find(table.name.inSQLite, in: db).shape else { return nil }
            let names = Set(shape.columns.map { FoldedName($0.name) })
            let columns = table.columns.filter { !names.contains(FoldedName($0.name)) }
            guard !columns.isEmpty else { return nil }
            let isMade = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_made_table WHERE name = ?)",
                arguments: [table.name.description])!
            let generated = try String.fetchAll(
                db, sql: "SELECT name FROM pragma_table_xinfo(?) WHERE hidden IN (2, 3)", arguments: [shape.name]
            ).map { FoldedName($0) }
            let computed = Set(columns.map(\.name).filter { generated.contains(FoldedName($0)) })
            return MissingColumns(
                columns: columns, generated: computed, isMade: isMade,
                statement: MissingColumns.first(
                    of: columns.filter { !computed.contains($0.name) }.map {
                        SQLiteReceiving.statement(adding: $0, to: shape.name)
                    }, separator: "; "))
        }
    }

    private static func statement(adding column: WireColumn, to table: String) -> String {
        "ALTER TABLE \(TableName.quoted(table)) ADD COLUMN \(TableName.quoted(column.name)) \(DeclaredType.declaration(for: column.type))"
    }

    func add(_ columns: [WireColumn], to table: TableName) throws(StoreError) -> String? {
        try run("add columns", table) {
            guard let shape = try TableKind.find(table.inSQLite, in: db).shape else { return nil }
            guard shape.columns.count + columns.count <= NewColumns.mostColumns else {
                return NewColumns.tooMany(of: table)
            }
            var reason: String?
            // All of them or none.
            try db.inSavepoint {
                for column in columns {
                    let statement = SQLiteReceiving.statement(adding: column, to: shape.name)
                    do {
                        try db.execute(sql: statement)
                    } catch let error as DatabaseError where error.resultCode.primaryResultCode == .SQLITE_ERROR {
                        reason = NewColumns.unadded(
                            to: table, reason: error.message ?? "\(error.resultCode)", statement: statement)
                        return .rollback
                    }
                }
                return .commit
            }
            targets = [:]
            return reason
        }
    }
}
