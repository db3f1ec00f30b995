public import TrunklineCore

extension SQLiteStore {
    public func sendAgain(_ keys: [RowKey], of table: TableName) async throws(StoreError) {
        try await write("repair", table.description) { db in
            guard let rows = try LocalRows(table, db) else { throw StoreError.notRepairable(table) }
            try rows.log(keys)
        }
    }
}
