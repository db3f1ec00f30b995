internal import GRDB
internal import TrunklineCore

/// The tables `trunkline_…` in the office's own database, and their version.
///
/// Migrations are numbered and forward only. They run in the caller's immediate transaction, so two
/// processes that upgrade at once do it one after the other, and the second finds nothing to do.
enum Bookkeeping {
    /// Script `n - 1` brings version `n - 1` to version `n`.
    private static let migrations = [
        migration1, migration2, migration3, serviceNotes, setAsideList, shapes, bothDirections, recovery,
        sharing, planning, remembering, mapping, differences,
    ]

    static var currentVersion: Int { migrations.count }

    /// The version that is there; 0 when there is none.
    static func version(_ db: Database) throws -> Int {
        guard try db.tableExists("trunkline_office") else { return 0 }
        return try Int.fetchOne(db, sql: "SELECT version FROM trunkline_office") ?? 0
    }

    /// Creates the tables, or brings them to the current version.
    /// - Returns: whether they were created.
    static func migrate(_ db: Database, for setup: OfficeSetup) throws -> Bool {
        let found = try version(db)
        try check(found, operation: "init")
        for script in migrations[found...] { try db.execute(sql: script) }
        if found == 0 {
            try db.execute(
                sql: "INSERT INTO trunkline_office (one, version, office, role) VALUES (1, ?, ?, ?)",
                arguments: [currentVersion, setup.office.description, setup.role.rawValue])
        } else {
            try db.execute(sql: "UPDATE trunkline_office SET version = ?", arguments: [currentVersion])
        }
        return found == 0
    }

    /// Refuses a database that is not of this program's version.
    static func require(_ version: Int, operation: String) throws(StoreError) {
        try check(version, operation: operation)
        guard version == currentVersion else {
            throw StoreError(
                .notInitialised, operation: operation, subject: "trunkline_office",
                reason: "the bookkeeping is of version \(version), this program needs version \(currentVersion)",
                hint: "run trunkline init")
        }
    }

    /// Refuses a database that a newer program has upgraded.
    static func check(_ version: Int, operation: String) throws(StoreError) {
        guard version <= currentVersion else {
            throw StoreError(
                .notInitialised, operation: operation, subject: "trunkline_office",
                reason: "the bookkeeping is of version \(version), this program knows version \(currentVersion)",
                hint: "run a newer trunkline here")
        }
    }
}
