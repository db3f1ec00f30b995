internal import GRDB
public import TrunklineCore

/// The tables that this branch is about to share.
enum PlannedTables {
    static func find(_ table: TableName, _ db: Database) throws -> PlannedTable? {
        let text = try String.fetchOne(db, sql: "SELECT planned_tables FROM trunkline_office")
        let folded = FoldedName(table.inSQLite)
        return try JSONText.decode([PlannedTable].self, text ?? "[]").first { FoldedName($0.name.inSQLite) == folded }
    }

    static func note(_ tables: [PlannedTable], _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_office SET planned_tables = ?", arguments: [try JSONText.encode(tables)])
    }
}

extension SQLiteStore {
    public func plan(_ tables: [PlannedTable]) async throws(StoreError) {
        try await write("plan", location.path) { db in
            _ = try Office.read(db, operation: "plan")
            try PlannedTables.note(tables, db)
        }
    }
}
