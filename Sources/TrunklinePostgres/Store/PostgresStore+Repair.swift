public import TrunklineCore

extension PostgresStore {
    public func sendAgain(_ keys: [RowKey], of table: TableName, in stream: StreamID) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            guard let rows = try LocalRows(table, for: stream, connection) else {
                throw StoreError.notRepairable(table)
            }
            try rows.log(keys)
            try connection.script("NOTIFY trunkline_changes", "repair")
        }
    }
}
