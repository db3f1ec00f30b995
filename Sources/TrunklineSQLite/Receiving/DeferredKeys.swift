internal import GRDB
internal import GRDBSQLite

/// Foreign keys that SQLite would look at only when the transaction commits, where nobody can say which row it was.
///
/// Where there are any, each line is looked at by itself: one that leaves more of them unresolved is undone.
struct DeferredKeys {
    private let db: Database
    private let exist: Bool

    init(_ db: Database, exist: Bool) {
        self.db = db
        self.exist = exist
    }

    static func exist(_ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND sql LIKE '%DEFERRED%')")!
    }

    /// Runs `body`, and undoes it when it leaves a reference unresolved.
    /// - Returns: whether it stands.
    func check(_ body: () throws -> Void) throws -> Bool {
        guard exist else {
            try body()
            return true
        }
        let before = hasUnresolved
        try db.execute(sql: "SAVEPOINT trunkline_line")
        do {
            try body()
        } catch {
            if db.isInsideTransaction { try db.execute(sql: "ROLLBACK TO trunkline_line; RELEASE trunkline_line") }
            throw error
        }
        let stands = before || !hasUnresolved
        try db.execute(sql: stands ? "RELEASE trunkline_line" : "ROLLBACK TO trunkline_line; RELEASE trunkline_line")
        return stands
    }

    /// https://www.sqlite.org/c3ref/c_dbstatus_options.html: SQLITE_DBSTATUS_DEFERRED_FKS «returns zero for the current
    /// value if and only if all foreign key constraints (deferred or immediate) have been resolved».
    private var hasUnresolved: Bool {
        var current: Int32 = 0
        var highest: Int32 = 0
        sqlite3_db_status(db.sqliteConnection, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
        return current != 0
    }
}
