internal import TrunklineCore

/// How the triggers of a table say whom a change is for.
enum CaptureRoute {
    /// For this destination, whatever the row holds.
    case fixed(String)
    /// For the branch that a column names.
    case column(CaptureSQL.KeyColumn)
    case mapping(column: CaptureSQL.KeyColumn, CaptureMapping)

    /// - Throws: `.table` when a column or the mapping table is not there.
    init(_ table: SyncedTable, _ connection: PostgresConnection) throws(StoreError) {
        guard table.isForBranches else {
            self = .fixed(OfficeID.head.description)
            return
        }
        switch table.route {
        case .all: self = .fixed(ChangeRange.everybody)
        case .column(let name): self = .column(try Self.column(name, of: table.name, connection))
        case .mapping(let column, let through, let from, let to):
            let oid = try connection.run("SELECT to_regclass($1)::oid::int8", [through.sql], "look up mapping table")
                .integer(0, 0)
            self = .mapping(
                column: try Self.column(column, of: table.name, connection),
                CaptureMapping(
                    relation: through.sql, oid: oid ?? 0,
                    routed: try connection.run("SELECT to_regclass($1)::oid::int8", [table.relation], "look up table")
                        .integer(0, 0) ?? 0, from: try Self.column(from, of: through, connection),
                    to: try Self.column(to, of: through, connection)))
        }
    }

    private static func column(
        _ name: String, of table: TableName, _ connection: PostgresConnection
    ) throws(StoreError) -> CaptureSQL.KeyColumn {
        guard let found = try Catalog(connection).table(table) else {
            throw StoreError(
                .table, operation: "route rows", subject: "table \"\(table)\"", reason: "it does not exist",
                hint: "create it, or correct route under tables:")
        }
        guard let column = found.columns.first(where: { $0.name == name }) else {
            let near = Suggestion.nearest(to: name, among: found.columns.map(\.name)).map { "did you mean \"\($0)\"?" }
            throw StoreError(
                .table, operation: "route rows", subject: "table \"\(table)\"", reason: "it has no column \"\(name)\"",
                hint: near ?? "correct route under tables:")
        }
        return CaptureSQL.KeyColumn(name: name, number: column.number, type: column.castType)
    }

    /// Which column of the table it looks at.
    var column: CaptureSQL.KeyColumn? {
        switch self {
        case .fixed: nil
        case .column(let column), .mapping(let column, _): column
        }
    }

    /// Rows `destination`, and whatever is selected beside it, of each row of `source`, which is called `row`.
    /// - Parameters:
    ///   - column: how the statement writes the route's column of `row`.
    ///   - source: what stands behind FROM; nil: `row` is a record of its own.
    ///   - leaves: whether they are rows as they were. Where the mapping of one went before it, by a foreign key of the mapping
    ///     table, nobody knows any more who had it, and all branches are told.
    func select(_ key: String, column: String, from source: String?, leaves: Bool) -> String {
        let origin = source.map { " FROM \($0)" } ?? ""
        switch self {
        case .fixed(let destination): return "SELECT \(key) AS key, '\(destination)' AS destination\(origin)"
        case .column: return "SELECT \(key) AS key, \(column)::pg_catalog.text AS destination\(origin)"
        case .mapping(_, let mapping):
            let value =
                "m.\(mapping.from.name.identifier)::pg_catalog.text\(TableSource.collation) OPERATOR(pg_catalog.=) \(column)::pg_catalog.text\(TableSource.collation)"
            let isUnmapped = leaves ? " OR NOT EXISTS (SELECT FROM \(mapping.relation) m WHERE \(value))" : ""
            return """
                SELECT \(key) AS key, m.\(mapping.to.name.identifier)::pg_catalog.text AS destination \
                FROM \(source.map { "\($0), " } ?? "")\(mapping.relation) m \
                WHERE \(value) \
                UNION ALL SELECT \(key) AS key, '\(ChangeRange.everybody)' AS destination\(origin) WHERE \
                pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed'\(isUnmapped)
                """
        }
    }

    /// The condition that what it needs has the names that it uses; nil: it needs nothing.
    var isThere: String? {
        guard case .mapping(_, let mapping) = self else { return nil }
        return [mapping.from, mapping.to].map {
            """
            (pg_catalog.pg_identify_object_as_address(1259, \(mapping.oid), \($0.number))).object_names
                OPERATOR(pg_catalog.=) \(mapping.address(of: $0))
            """
        }.joined(separator: " AND ")
    }
}

/// A table that maps values to branches.
struct CaptureMapping {
    /// Quoted and schema-qualified.
    var relation: String
    var oid: Int
    /// The table whose rows it maps.
    var routed: Int
    var from: CaptureSQL.KeyColumn
    var to: CaptureSQL.KeyColumn

    /// As the catalog names a column of it.
    func address(of column: CaptureSQL.KeyColumn) -> String {
        let name = TableName(parsing: relation)
        return
            "ARRAY[\([name?.schema ?? "public", name?.name ?? "", column.name].map(\.literal).joined(separator: ", "))]"
    }

    static let events = ["insert", "update", "delete", "truncate"]

    static func trigger(_ event: String, _ table: Int) -> String { "trunkline_map_\(event)_\(table)" }
    static func function(_ event: String, _ table: Int) -> String { "trunkline.map_\(event)_\(table)" }
}
