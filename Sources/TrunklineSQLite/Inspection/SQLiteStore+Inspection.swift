internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func status() async throws(StoreError) -> [StreamStatus] {
        try await read("status", location.path) { db in
            _ = try Office.read(db, operation: "status")
            return try StatusReport.sending(db) + StatusReport.receiving(db)
        }
    }

    public func rows(of table: TableName, matching filter: RowFilter) async throws(StoreError) -> RowListing {
        try await read("rows", "table \"\(table)\"") { db in
            let office = try Office.read(db, operation: "rows")
            let synced = try office.role == .head ? Target.tables(db) : SyncedTable.all(db).map(\.name)
            guard synced.contains(table), let shape = try TableKind.find(table.inSQLite, in: db).shape else {
                throw StoreError.notSynced(table, synced: synced)
            }
            let query = RowQuery(table: table, shape: shape, filter: filter, db: db)
            return try office.role == .head ? query.atHead() : query.atBranch()
        }
    }
}
