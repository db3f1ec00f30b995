public import TrunklineCore

extension PlannedTable {
    /// One that this branch is about to share.
    static func find(_ table: TableName, _ connection: PostgresConnection) throws(StoreError) -> PlannedTable? {
        let found = try connection.query(SharingStatements.plannedTables)
        guard let text = found.value(0, 0) else { return nil }
        return try JSONText.decode([PlannedTable].self, text, "planned tables").first {
            $0.name.inDefaultSchema == table.inDefaultSchema
        }
    }
}

extension PostgresStore {
    public func plan(_ tables: [PlannedTable]) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            _ = try connection.query(SharingStatements.plan, [JSONText.encode(tables).asciiEscaped])
        }
    }
}
