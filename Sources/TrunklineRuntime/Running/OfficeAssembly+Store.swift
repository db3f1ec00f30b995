public import TrunklineCore
internal import TrunklinePostgres
internal import TrunklineSQLite

extension OfficeAssembly {
    /// A store of this office's database, by the scheme of its URL.
    public func store() throws(StoreError) -> any OfficeStore {
        let url = settings.database.url.revealed
        switch settings.database.kind {
        case .postgres: return try PostgresStore(url: url)
        case .sqlite: return try SQLiteStore(url: url)
        }
    }
}
