internal import GRDB
public import TrunklineCore

/// The rows of `trunkline_conflict`.
enum ConflictRecords {
    /// A join that says the same once more is no other conflict.
    static func keep(_ conflict: Conflict, _ db: Database) throws {
        let details = try JSONText.encode(conflict)
        try db.cachedStatement(
            sql: """
                INSERT INTO trunkline_conflict (at, table_name, key, branch, kind, outcome, details, summary, bytes)
                SELECT \(Timestamp.now), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE ?4 <> 'join' OR NOT EXISTS (
                    SELECT 1 FROM trunkline_conflict WHERE branch = ?3 AND bytes = ?8 AND details = ?6)
                """
        ).execute(arguments: [
            conflict.table.description, conflict.key.description, conflict.branch.description,
            conflict.kind.rawValue, conflict.outcome.rawValue, details, try JSONText.encode(conflict.withoutImages),
            details.utf8.count,
        ])
    }

    static func find(_ id: Int64, _ db: Database) throws -> ConflictRecord? {
        try Row.fetchOne(db, sql: "SELECT * FROM trunkline_conflict WHERE id = ?", arguments: [id]).map(record)
    }

    static let isWaiting = "outcome = 'waiting' AND resolved_at IS NULL"

    static func matching(_ filter: ConflictFilter, _ db: Database) throws -> [ConflictRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, at, \(filter.withImages ? "details" : "coalesce(summary, details) AS details"), resolved_at,
                    resolution
                FROM trunkline_conflict WHERE (NOT ?1 OR \(isWaiting))
                    AND (?2 IS NULL OR table_name = ?2) AND (?3 IS NULL OR branch = ?3) AND (?5 IS NULL OR id < ?5)
                ORDER BY id DESC LIMIT ?4
                """,
            arguments: [
                filter.isWaiting, filter.table?.description, filter.branch?.description, filter.limit, filter.before,
            ]
        ).map(record)
    }

    private static func record(_ row: Row) throws -> ConflictRecord {
        ConflictRecord(
            id: row["id"], at: row["at"], conflict: try JSONText.decode(Conflict.self, row["details"]),
            resolvedAt: row["resolved_at"], resolution: row["resolution"])
    }
}

/// What was decided long ago, and deletes that nobody need be told of any more.
enum SharingMemory {
    /// Decided before `?1`.
    private static let oldConflicts = """
        SELECT id FROM trunkline_conflict WHERE NOT (\(ConflictRecords.isWaiting)) AND coalesce(resolved_at, at) < ?1 LIMIT 500
        """

    private static func retention(_ db: Database) throws -> StatementArguments {
        [try Timestamp.daysAgo(ConflictRecord.retentionDays, db)]
    }

    /// Every stream has passed them: what it has not is in the log.
    private static func oldDeletes(at role: OfficeRole) -> String {
        let days = role == .head ? DeleteMemory.daysAtHead : DeleteMemory.daysAtBranch
        let isHeard =
            """
            NOT EXISTS (SELECT 1 FROM trunkline_outbound
                WHERE last_contact IS NULL OR \(Timestamp.age(of: "last_contact")) > 86400)
            """
        return """
            SELECT table_id, key FROM trunkline_shared_row AS s WHERE is_deleted AND NOT is_dirty
                AND coalesce(noted_at, clock) < CAST((julianday('now') - 2440587.5 - \(days)) * 86400000.0 AS INTEGER)
                AND \(isHeard) AND NOT EXISTS (
                    SELECT 1 FROM trunkline_change AS c WHERE c.table_id = s.table_id AND c.key = s.key)
                AND NOT EXISTS (
                    SELECT 1 FROM trunkline_held_change AS h WHERE h.table_id = s.table_id AND h.key = s.key)
            """
    }

    static func isAny(_ db: Database) throws -> Bool {
        let role = try Office.read(db, operation: "prune").role
        return try Bool.fetchOne(
            db, sql: "SELECT EXISTS (\(oldConflicts)) OR EXISTS (\(oldDeletes(at: role)))", arguments: retention(db))!
    }

    /// Some of them.
    static func prune(_ db: Database) throws {
        let role = try Office.read(db, operation: "prune").role
        try db.execute(
            sql: "DELETE FROM trunkline_conflict WHERE id IN (\(oldConflicts))", arguments: retention(db))
        for row in try Row.fetchAll(db, sql: "\(oldDeletes(at: role)) LIMIT 500") {
            for table in ["trunkline_shared_row", "trunkline_applied_change"] {
                try db.execute(
                    sql: "DELETE FROM \(table) WHERE table_id = ? AND key = ?",
                    arguments: [row["table_id"] as Int64, row["key"] as String])
            }
        }
    }
}

extension SQLiteStore {
    public func conflicts(matching filter: ConflictFilter) async throws(StoreError) -> [ConflictRecord] {
        try await read("conflicts", location.path) { db in
            _ = try Office.read(db, operation: "conflicts")
            return try ConflictRecords.matching(filter, db)
        }
    }

    public func conflict(_ id: Int64) async throws(StoreError) -> ConflictRecord? {
        try await read("conflicts", location.path) { db in
            _ = try Office.read(db, operation: "conflicts")
            return try ConflictRecords.find(id, db)
        }
    }

    public func waitingConflicts() async throws(StoreError) -> Int {
        try await read("conflicts", location.path) { db in
            _ = try Office.read(db, operation: "conflicts")
            return try Int.fetchOne(
                db, sql: "SELECT count(*) FROM trunkline_conflict WHERE \(ConflictRecords.isWaiting)")!
        }
    }
}
