import GRDBSQLite

/// A SQLite connection as an application has one, with nothing of Trunkline's: the tills write through it, and the
/// checks read both sides through it.
final class PlainConnection: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]
    private var clock: () -> Duration = { .zero }

    struct Failure: Error, CustomStringConvertible {
        var code: Int32
        var description: String
        var isLocked: Bool { code & 0xFF == SQLITE_BUSY || code & 0xFF == SQLITE_LOCKED }
    }

    init(path: String) throws {
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil)
        guard code == SQLITE_OK, let handle else { throw Failure(code: code, description: "open \(path)") }
        self.handle = handle
        try run("PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF")
    }

    /// What `julianday('now')` says from now on.
    func setClock(_ clock: @escaping () -> Duration) {
        self.clock = clock
        sqlite3_create_function_v2(
            handle, "julianday", 1, SQLITE_UTF8, Unmanaged.passUnretained(self).toOpaque(),
            { call, _, _ in
                let own = Unmanaged<PlainConnection>.fromOpaque(sqlite3_user_data(call)!).takeUnretainedValue()
                sqlite3_result_double(call, DatabaseTime.days(own.clock()))
            }, nil, nil, nil)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Copies the whole database (https://www.sqlite.org/backup.html).
    func copy(to other: PlainConnection) throws {
        guard let backup = sqlite3_backup_init(other.handle, "main", handle, "main") else {
            throw other.failure(sqlite3_errcode(other.handle), "backup")
        }
        sqlite3_backup_step(backup, -1)
        let code = sqlite3_backup_finish(backup)
        guard code == SQLITE_OK else { throw other.failure(code, "backup") }
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Runs statements without results.
    func run(_ sql: String) throws {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code, sql) }
    }

    /// The rows of one query, each field as text.
    func rows(_ sql: String) throws -> [[String?]] {
        let statement = try prepared(sql)
        defer { sqlite3_reset(statement) }
        var rows: [[String?]] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW:
                rows.append(
                    (0..<sqlite3_column_count(statement)).map { column in
                        sqlite3_column_text(statement, column).map { String(cString: $0) }
                    })
            case SQLITE_DONE: return rows
            case let code: throw failure(code, sql)
            }
        }
    }

    /// The integers of a query's first row; NULL is 0. Nil when there is no row.
    func numbers(_ sql: String) throws -> [Int64]? {
        let statement = try prepared(sql)
        defer { sqlite3_reset(statement) }
        switch sqlite3_step(statement) {
        case SQLITE_ROW:
            return (0..<sqlite3_column_count(statement)).map { sqlite3_column_int64(statement, $0) }
        case SQLITE_DONE: return nil
        case let code: throw failure(code, sql)
        }
    }

    private func prepared(_ sql: String) throws -> OpaquePointer {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v2(handle, sql, -1, &statement, nil)
        guard code == SQLITE_OK, let statement else { throw failure(code, sql) }
        statements[sql] = statement
        return statement
    }

    private func failure(_ code: Int32, _ sql: String) -> Failure {
        Failure(code: code, description: "\(String(cString: sqlite3_errmsg(handle))) in: \(sql)")
    }
}
