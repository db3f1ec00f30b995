internal import TrunklineCore

/// A row of `trunkline.synced_table`.
struct SyncedTable: Hashable, Sendable {
    var id: Int
    var name: TableName
    /// Quoted and schema-qualified.
    var relation: String
    var key: [String]
    var captured: Bool
    var loaded: Bool
    /// Whether this is the head, and its rows are for branches.
    var isForBranches: Bool
    /// As of ``TableSource``.
    var source: String?
    var route: TableRoute
    /// How conflicts are decided, of a shared table; nil of any other.
    var conflict: ConflictPolicy?

    static func all(_ connection: PostgresConnection) throws(StoreError) -> [SyncedTable] {
        let result = try connection.query(Statements.syncedTables)
        return (0..<result.rowCount).compactMap { SyncedTable(result, $0) }
    }

    /// - Parameter row: of a result that begins with the columns of ``Statements/syncedTables``.
    init?(_ result: PostgresResult, _ row: Int) {
        guard let name = TableName(parsing: result.text(row, 1)) else { return nil }
        id = result.integer(row, 0)!
        self.name = name
        relation = result.text(row, 2)
        // NULL while a table was recorded and not captured yet.
        key = result.value(row, 3).map { CopyText.fields(Array($0.utf8)[...]).compactMap { $0 } } ?? []
        captured = result.flag(row, 4)
        loaded = result.flag(row, 5)
        isForBranches = result.text(row, 6) == TableRule.Direction.down.rawValue
        source = result.value(row, 7)
        route = (try? JSONText.decode(TableRoute.self, result.text(row, 8), "route of a table")) ?? .all
        conflict = result.value(row, 9).flatMap {
            try? JSONText.decode(ConflictPolicy.self, $0, "policy of a table")
        }
    }

    /// Logs the keys of all rows of another table that has its columns, a partition, for whomever they may concern.
    func logAll(op: String, from other: String) -> String {
        """
        INSERT INTO trunkline.change (destination, transaction, table_id, key, op)
            SELECT '\(isForBranches ? ChangeRange.everybody : OfficeID.head.description)', pg_current_xact_id(), \(id),
                ARRAY[\(key.map { "t.\($0.identifier)::text" }.joined(separator: ", "))], '\(op)' FROM \(other) t
        """
    }

    /// Whether another table says whom its rows are for.
    var isMapped: Bool {
        if case .mapping = route { true } else { false }
    }

    /// What the rows that are for an office are selected from.
    func rows(for destination: OfficeID) -> String {
        source.map { TableSource.filled($0, for: destination) } ?? relation
    }
}
