internal import GRDB
internal import TrunklineCore

/// A row of `trunkline_synced_table`: a table that this office writes.
struct SyncedTable: Sendable {
    var id: Int64
    var name: TableName
    var keyColumns: [String]
    /// Which branches get its rows; nil at a branch, whose rows are for the head.
    var route: TableRoute?
    /// SQL over its columns; rows that do not fulfil it go nowhere.
    var filter: String?
    /// How conflicts are decided, of a shared table; nil of any other.
    var conflict: ConflictPolicy?
    /// At a branch: how often a load of a shared table began.
    var joinTurn = 0
    /// At a branch, of a shared table: whether the head has had all of it since it is shared.
    var hasJoined = false
    /// Why it stands still, with the way out; nil while it does not.
    var incomplete: String?
    /// Why its rule could not be applied to its rows, which another look at them may show otherwise.
    var readingProblem: String?
    /// Whether its rows can be read, as far as is known, or it is time to try.
    var isReadable = true

    /// The same in SQL, of a row of the bookkeeping.
    static func isReadable(_ row: String) -> String {
        "(\(row).incomplete IS NULL AND (\(row).reading_problem IS NULL OR \(row).read_again_at <= julianday('now')))"
    }

    /// For people; nil when all is well.
    var standstill: String? {
        incomplete ?? readingProblem.map { SyncedTable.standstill(of: name, becauseOf: $0) }
    }

    static func standstill(of table: TableName, becauseOf problem: String) -> String {
        "table \"\(table)\": its route or its where fails for its rows (\(problem)); mend the row, or correct that under tables and run trunkline init; it is tried again by itself"
    }

    static func all(_ db: Database) throws -> [SyncedTable] {
        try Row.fetchAll(
            db,
            sql:
                "SELECT id, name, key_columns, route, filter, conflict, join_turn, has_joined, incomplete, reading_problem, \(isReadable("t")) AS readable FROM trunkline_synced_table AS t ORDER BY id"
        ).compactMap { row in
            guard let name = TableName(parsing: row["name"]) else { return nil }
            return SyncedTable(
                id: row["id"], name: name, keyColumns: try JSONText.decode([String].self, row["key_columns"]),
                route: try (row["route"] as String?).map { try JSONText.decode(TableRoute.self, $0) },
                filter: row["filter"],
                conflict: try (row["conflict"] as String?).map { try JSONText.decode(ConflictPolicy.self, $0) },
                joinTurn: row["join_turn"], hasJoined: row["has_joined"], incomplete: row["incomplete"],
                readingProblem: row["reading_problem"], isReadable: row["readable"])
        }
    }

    /// The ids of all of them, in bookkeeping of any version.
    static func ids(_ db: Database) throws -> [(name: TableName, id: Int64)] {
        try Row.fetchAll(db, sql: "SELECT id, name FROM trunkline_synced_table ORDER BY id").compactMap { row in
            TableName(parsing: row["name"]).map { ($0, row["id"]) }
        }
    }

    /// Of one that is shared, in bookkeeping of any version.
    static func policy(of id: Int64, _ db: Database) throws -> ConflictPolicy? {
        let row = try Row.fetchOne(db, sql: "SELECT * FROM trunkline_synced_table WHERE id = ?", arguments: [id])
        guard let row, row.hasColumn("conflict") else { return nil }
        return try (row["conflict"] as String?).map { try JSONText.decode(ConflictPolicy.self, $0) }
    }
}

extension TableRule {
    /// The route as the bookkeeping of an office keeps it: nil of a table whose rows are for the head.
    func keptRoute(at role: OfficeRole) -> TableRoute? { isSentDown(by: role) ? route : nil }

    /// The filter as the bookkeeping of an office keeps it.
    func keptFilter(at role: OfficeRole) -> String? { isSentDown(by: role) ? filter : nil }

    private func isSentDown(by role: OfficeRole) -> Bool { role == .head && direction != .up }
}

extension TableName {
    /// The table's name in SQLite, which has no schemas: `inventory.items` is one name.
    var inSQLite: String { schema.map { "\($0).\(name)" } ?? name }
}
