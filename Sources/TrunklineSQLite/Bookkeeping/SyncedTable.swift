internal import GRDB
internal import TrunklineCore

/// A row of `trunkline_synced_table`.
struct SyncedTable {
    var id: Int64
    var name: TableName
    var keyColumns: [String]
    /// The load that is not finished: `insert` for a first one, `update` for a repeated one.
    var loadOperation: String?
    var loadAfter: String?
    /// Why it stands still, with the way out; nil while it does not.
    var incomplete: String?

    static func all(_ db: Database) throws -> [SyncedTable] {
        try Row.fetchAll(db, sql: "SELECT * FROM trunkline_synced_table ORDER BY id").compactMap { row in
            guard let name = TableName(parsing: row["name"]) else { return nil }
            return SyncedTable(
                id: row["id"], name: name, keyColumns: try JSONText.decode([String].self, row["key_columns"]),
                loadOperation: row["load_operation"], loadAfter: row["load_after"], incomplete: row["incomplete"])
        }
    }

    /// Begins a load of all rows.
    func startLoad(_ operation: String, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_synced_table SET load_operation = ?, load_after = NULL WHERE id = ?",
            arguments: [operation, id])
    }
}

extension TableName {
    /// The table's name in SQLite, which has no schemas: `inventory.items` is one name.
    var inSQLite: String { schema.map { "\($0).\(name)" } ?? name }
}
