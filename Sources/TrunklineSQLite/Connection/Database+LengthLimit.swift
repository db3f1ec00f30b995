internal import GRDB
internal import GRDBSQLite

extension Database {
    /// Runs `body` while SQLite refuses to read any value of more than `bytes` (at least 1 MiB) into memory: the
    /// statement that would fails with `SQLITE_TOOBIG`. https://www.sqlite.org/c3ref/limit.html
    func withLengthLimit<Value>(_ bytes: Int, _ body: () throws -> Value) rethrows -> Value {
        let limit = Int32(clamping: max(bytes, 1 << 20))
        let before = sqlite3_limit(sqliteConnection, SQLITE_LIMIT_LENGTH, limit)
        defer { sqlite3_limit(sqliteConnection, SQLITE_LIMIT_LENGTH, before) }
        return try body()
    }
}
