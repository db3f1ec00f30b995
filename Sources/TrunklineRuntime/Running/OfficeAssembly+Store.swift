public import TrunklineCore
internal import TrunklinePostgres
internal import TrunklineSQLite

extension OfficeAssembly {
    /// A store of this office's database, by the scheme of its URL.
    public func store() throws(StoreError) -> any OfficeStore {
        let url = settings.database.url.revealed
        switch settings.database.kind {
        case .postgres:
            guard let file = settings.database.urlFile else { return try PostgresStore(url: url) }
            return PostgresStore(readingURL: { () throws(StoreError) in try Self.postgresURL(in: file, as: url) })
        case .sqlite: return try SQLiteStore(url: url)
        }
    }

    /// A password may change while a service runs. Where the URL leads, and whether with TLS, was checked at the start and
    /// may not.
    private static func postgresURL(in file: String, as known: String) throws(StoreError) -> String {
        func refusal(_ reason: String, hint: String?) -> StoreError {
            StoreError(.configuration, operation: "connect", subject: "database.url-file", reason: reason, hint: hint)
        }
        let text: String
        do { text = try TextFile.read(file).trimmed } catch { throw refusal(error.reason, hint: nil) }
        guard text == known || PostgresTransport(url: text) == PostgresTransport(url: known), text.contains("://")
        else {
            throw refusal("it leads to another server now, or in another way", hint: "restart the service")
        }
        return text
    }
}
