internal import TrunklineCore

/// The statements that write lines of the log: of one table, for those who get its rows.
///
/// A change may be left out only where a line of the same key and the same destination is ahead of all who read that
/// destination: of a line for all branches that is every stream, of a branch's own line its own stream. A branch that has
/// no stream gets no line: when its stream begins, the table is loaded.
struct LogStatement {
    let table: SyncedTable

    /// Logs one row.
    /// - Parameters:
    ///   - row: `NEW` or `OLD`.
    ///   - key: SQL for its key.
    func row(_ row: String, _ key: String, _ operation: String, when condition: String? = nil) -> String {
        let guardian = condition.map { "\($0) AND " } ?? ""
        switch table.route {
        case nil:
            return """
                INSERT INTO trunkline_change (table_id, key, op, at)
                SELECT \(table.id), \(key), '\(operation)', \(Timestamp.now)
                WHERE \(guardian)\(LogStatement.isUnlogged(key, table.id));
                """
        case .all:
            return """
                INSERT INTO trunkline_change (table_id, key, op, at, destination)
                SELECT \(table.id), \(key), '\(operation)', \(Timestamp.now), 'all'
                WHERE \(guardian)\(LogStatement.isUnloggedForAll(key, table.id));
                """
        case .column(let column):
            return routed("SELECT \(key) AS k, \(LogStatement.office(row, column)) AS office", operation, condition)
        case .mapping(let column, let through, let from, let to):
            let map = TableName.quoted("trunkline_map")
            let mapped = """
                FROM \(TableName.quoted(through.inSQLite)) AS \(map) \
                WHERE \(map).\(TableName.quoted(from)) = \(row).\(TableName.quoted(column))
                """
            // Where the mapping of a row went before it, by a foreign key, nobody knows any more who had it.
            let unmapped =
                row == "OLD"
                ? " UNION ALL SELECT \(key), w.destination FROM trunkline_outbound AS w WHERE NOT EXISTS (SELECT 1 \(mapped))"
                : ""
            return routed(
                "SELECT \(key) AS k, \(LogStatement.office(map, to)) AS office \(mapped)\(unmapped)", operation,
                condition)
        }
    }

    /// Logs some rows of the table.
    /// - Parameters:
    ///   - source: what to select from, the table under the name `row`.
    ///   - key: SQL for a row's key.
    ///   - condition: which of them.
    func rows(of source: String, row: String, key: String, where condition: String, operation: String) -> String {
        switch table.route {
        case nil:
            return """
                INSERT INTO trunkline_change (table_id, key, op, at)
                SELECT \(table.id), evicted, '\(operation)', \(Timestamp.now) FROM (
                SELECT \(key) AS evicted FROM \(source)
                WHERE \(condition))
                WHERE \(LogStatement.isUnlogged("evicted", table.id));
                """
        case .all:
            return """
                INSERT INTO trunkline_change (table_id, key, op, at, destination)
                SELECT \(table.id), evicted, '\(operation)', \(Timestamp.now), 'all' FROM (
                SELECT \(key) AS evicted FROM \(source)
                WHERE \(condition))
                WHERE \(LogStatement.isUnloggedForAll("evicted", table.id));
                """
        case .column(let column):
            return routed(
                "SELECT \(key) AS k, \(LogStatement.office(row, column)) AS office FROM \(source) WHERE \(condition)",
                operation)
        case .mapping(let column, let through, let from, let to):
            let map = TableName.quoted("trunkline_map")
            return routed(
                """
                SELECT \(key) AS k, \(LogStatement.office(map, to)) AS office FROM \(source) \
                JOIN \(TableName.quoted(through.inSQLite)) AS \(map) \
                ON \(map).\(TableName.quoted(from)) = \(row).\(TableName.quoted(column)) WHERE \(condition)
                """, operation)
        }
    }

    /// Logs keys for the branches beside them.
    /// - Parameter pairs: a query of `k`, a key, and `office`, a text.
    func routed(_ pairs: String, _ operation: String, _ condition: String? = nil) -> String {
        """
        INSERT INTO trunkline_change (table_id, key, op, at, destination)
        SELECT DISTINCT \(table.id), r.k, '\(operation)', \(Timestamp.now), o.destination FROM (\(pairs)) AS r
        JOIN trunkline_outbound AS o ON o.stream = 'head>' || r.office
        WHERE \(condition.map { "\($0) AND " } ?? "")NOT EXISTS (SELECT 1 FROM trunkline_change AS c \
        WHERE c.table_id = \(table.id) AND c.key = r.k AND c.destination = o.destination AND c.seq > o.cursor);
        """
    }

    /// The value of a column as the name of an office.
    static func office(_ row: String, _ column: String) -> String {
        "CAST(\(row).\(TableName.quoted(column)) AS TEXT) COLLATE BINARY"
    }

    /// Whether a key has no change for the head yet that belongs to no batch.
    static func isUnlogged(_ key: String, _ table: Int64) -> String {
        """
        NOT EXISTS (SELECT 1 FROM trunkline_change WHERE table_id = \(table) AND key = \(key) \
        AND seq > (SELECT max(cursor) FROM trunkline_outbound))
        """
    }

    /// Whether there is a branch, and a key has no change for all yet that is ahead of every stream.
    private static func isUnloggedForAll(_ key: String, _ table: Int64) -> String {
        """
        EXISTS (SELECT 1 FROM trunkline_outbound) AND NOT EXISTS (SELECT 1 FROM trunkline_change \
        WHERE table_id = \(table) AND key = \(key) AND destination = 'all' \
        AND seq > (SELECT max(cursor) FROM trunkline_outbound))
        """
    }

    /// The same of a key and a destination that are given, for who may take longer than a trigger.
    static func isUnlogged(_ key: String, _ table: String, for destination: String) -> String {
        """
        NOT EXISTS (SELECT 1 FROM trunkline_change AS c WHERE c.table_id = \(table) AND c.key = \(key)
            AND c.destination = \(destination) AND c.seq > (
                SELECT max(cursor) FROM trunkline_outbound WHERE \(destination) = 'all' OR destination = \(destination)))
        """
    }
}
