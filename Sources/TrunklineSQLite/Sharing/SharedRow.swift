internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The office's wall clock, as the database has it.
enum WallClock {
    static func now(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)")!
    }

    /// Nil in an office that shares no table.
    static func ifShared(_ db: Database) throws -> Int64? {
        let sharesTables = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_synced_table WHERE conflict IS NOT NULL)")!
        return try sharesTables ? now(db) : nil
    }
}

/// A row of `trunkline_shared_row`.
struct SharedRow {
    var version: RowVersion
    var isDeleted: Bool
    var isDirty: Bool
    /// What the change stands on, of a row that is dirty.
    var base: RowBase
    /// The names of the columns, and their values as ``KeyText`` writes them.
    var baseImage: String?
    var wasJoining: Bool

    static func find(_ table: Int64, _ key: String, _ db: Database) throws -> SharedRow? {
        let row = try row("base_image", table, key, db)
        guard let row, let office = OfficeID(row["office"]) else { return nil }
        let base = (row["base_office"] as String?).flatMap { OfficeID($0) }.map {
            RowVersion(clock: row["base_clock"], office: $0)
        }
        return SharedRow(
            version: RowVersion(clock: row["clock"], office: office), isDeleted: row["is_deleted"],
            isDirty: row["is_dirty"],
            base: RowBase(version: base, wasAbsent: row["base_absent"], since: row["base_since"]),
            baseImage: row["base_image"], wasJoining: row["base_joining"])
    }

    /// - Parameter image: SQL for the base's image, which is unknown where it is longer than what may be read just now.
    private static func row(_ image: String, _ table: Int64, _ key: String, _ db: Database) throws -> Row? {
        do {
            return try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT clock, office, is_deleted, is_dirty, base_clock, base_office, base_absent, base_joining,
                            base_since, \(image) AS base_image
                        FROM trunkline_shared_row WHERE table_id = ? AND key = ?
                        """), arguments: [table, key])
        } catch let error as DatabaseError where error.resultCode.primaryResultCode == .SQLITE_TOOBIG && image != "NULL"
        {
            return try row("NULL", table, key, db)
        }
    }

    /// From now on the row has no change of this office that others lack.
    static func note(_ version: RowVersion?, isDeleted: Bool?, _ table: Int64, _ key: String, _ db: Database) throws {
        guard let version else {
            return try db.cachedStatement(sql: "DELETE FROM trunkline_shared_row WHERE table_id = ? AND key = ?")
                .execute(arguments: [table, key])
        }
        try db.cachedStatement(
            sql: """
                INSERT INTO trunkline_shared_row (table_id, key, clock, office, is_deleted, noted_at)
                VALUES (?1, ?2, ?3, ?4, coalesce(?5, 0), ?6)
                ON CONFLICT (table_id, key) DO UPDATE SET clock = excluded.clock, office = excluded.office,
                    noted_at = excluded.noted_at, is_deleted = coalesce(?5, is_deleted), is_dirty = 0, base_clock = NULL, base_office = NULL,
                    base_absent = 0, base_image = NULL, base_joining = 0, base_since = NULL
                """
        ).execute(arguments: [
            table, key, version.clock, version.office.description, isDeleted, try WallClock.now(db),
        ])
    }

    /// The table is not shared any more, or not synced.
    static func forget(_ table: Int64, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM trunkline_shared_row WHERE table_id = ?", arguments: [table])
        try db.execute(sql: "DELETE FROM trunkline_applied_change WHERE table_id = ?", arguments: [table])
    }

    /// Runs `body`, whose writes get no versions.
    static func merging<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
        try db.execute(sql: "INSERT OR IGNORE INTO trunkline_merging (one) VALUES (1)")
        let value = try body()
        try db.execute(sql: "DELETE FROM trunkline_merging")
        return value
    }
}

/// The rows of `trunkline_applied_change`.
enum AppliedChanges {
    static func find(_ table: Int64, _ key: String, _ branch: OfficeID, _ db: Database) throws -> AppliedChange? {
        try String.fetchOne(
            db.cachedStatement(
                sql: "SELECT change FROM trunkline_applied_change WHERE table_id = ? AND key = ? AND office = ?"),
            arguments: [table, key, branch.description]
        ).map { try JSONText.decode(AppliedChange.self, $0) }
    }

    /// What the stamps of a branch say of the last change of it: its clock, that of the first one since the
    /// answer before, and the head's version while that is as the branch's.
    static func told(
        _ table: Int64, _ key: String, _ branch: OfficeID, _ db: Database
    ) throws -> (clock: Int64, since: Int64?, standing: RowVersion?)? {
        let row = try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT clock, since, standing_clock, standing_office FROM trunkline_applied_change
                    WHERE table_id = ? AND key = ? AND office = ?
                    """), arguments: [table, key, branch.description])
        guard let row else { return nil }
        let standing = (row["standing_office"] as String?).flatMap { OfficeID($0) }.map {
            RowVersion(clock: row["standing_clock"], office: $0)
        }
        return (row["clock"], row["since"], standing)
    }

    /// The next line of these keys says the row itself, even if it is as the branch sent it.
    static func sayWhole(_ keys: [String], _ table: Int64, to branch: OfficeID, _ db: Database) throws {
        let statement = try db.makeStatement(
            sql: """
                UPDATE trunkline_applied_change SET standing_clock = NULL, standing_office = NULL
                WHERE table_id = ? AND key = ? AND office = ?
                """)
        for key in keys { try statement.execute(arguments: [table, key, branch.description]) }
    }

    static func note(_ change: AppliedChange, _ table: Int64, _ key: String, _ branch: OfficeID, _ db: Database) throws
    {
        try db.cachedStatement(
            sql: """
                INSERT INTO trunkline_applied_change
                    (table_id, key, office, clock, since, standing_clock, standing_office, change)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (table_id, key, office) DO UPDATE SET clock = excluded.clock, since = excluded.since,
                    standing_clock = excluded.standing_clock, standing_office = excluded.standing_office,
                    change = excluded.change
                """
        ).execute(arguments: [
            table, key, branch.description, change.clock, change.base.since, change.standing?.clock,
            change.standing?.office.description, try JSONText.encode(change),
        ])
    }
}
