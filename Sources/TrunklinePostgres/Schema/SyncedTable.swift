internal import TrunklineCore

/// A row of `trunkline.synced_table`.
struct SyncedTable {
    var id: Int
    var name: TableName
    /// Quoted and schema-qualified.
    var relation: String
    var key: [String]
    var captured: Bool
    var loaded: Bool

    static func all(_ connection: PostgresConnection) throws(StoreError) -> [SyncedTable] {
        let result = try connection.query(Statements.syncedTables)
        return (0..<result.rowCount).compactMap { row in
            TableName(parsing: result.text(row, 1)).map {
                SyncedTable(
                    id: result.integer(row, 0)!, name: $0, relation: result.text(row, 2),
                    key: CopyText.fields(Array(result.text(row, 3).utf8)[...]).compactMap { $0 },
                    captured: result.flag(row, 4), loaded: result.flag(row, 5))
            }
        }
    }

    func capture(partitioned: Bool) -> CaptureSQL {
        CaptureSQL(tableID: id, relation: relation, keyColumns: key, isPartitioned: partitioned)
    }

    /// Logs the keys of all rows.
    func logAll(op: String) -> String {
        """
        INSERT INTO trunkline.change (transaction, table_id, key, op)
            SELECT pg_current_xact_id(), \(id), \(capture(partitioned: false).key(of: "t")), '\(op)' FROM \(relation) t
        """
    }
}
