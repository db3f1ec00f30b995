public import TrunklineCore

extension SQLiteStore {
    public func sendAgain(_ keys: [RowKey], of table: TableName, in stream: StreamID) async throws(StoreError) {
        try await write("repair", table.description) { db in
            guard let rows = try LocalRows(table, for: stream, db) else { throw StoreError.notRepairable(table) }
            try rows.log(keys)
        }
    }
}
