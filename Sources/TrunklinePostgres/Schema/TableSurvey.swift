internal import TrunklineCore

/// What a database holds that could be meant by a table's name, and why it can be synced or not.
struct TableSurvey {
    struct Entry {
        var name: TableName
        /// `pg_class.relkind`.
        var kind: String
        var hasKey: Bool
        /// The table of which it is a partition.
        var root: TableName?
        /// As of ``Catalog/Table``.
        var obstacle: String?
    }

    /// Without what belongs to the system, to an extension, to the bookkeeping or to a session.
    static let statement = Statement(
        "table_survey",
        """
        SELECT n.nspname, c.relname, c.relkind,
            EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary),
            rn.nspname, r.relname,
            \(Statements.captureObstacle)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_class r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
        LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
            AND n.nspname NOT IN ('information_schema', 'trunkline') AND NOT starts_with(n.nspname, 'pg_')
            AND NOT EXISTS (
                SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        ORDER BY 1, 2
        """)

    let entries: [Entry]

    init(entries: [Entry]) { self.entries = entries }

    init(_ connection: PostgresConnection) throws(StoreError) {
        let result = try connection.query(TableSurvey.statement)
        entries = (0..<result.rowCount).map { row in
            Entry(
                name: TableName(inSchema: result.text(row, 0), result.text(row, 1)), kind: result.text(row, 2),
                hasKey: result.flag(row, 3),
                root: result.value(row, 4).map { TableName(inSchema: $0, result.text(row, 5)) },
                obstacle: result.value(row, 6))
        }
    }

    /// The tables that the selection means, those that cannot be synced, and those that are passed over.
    func resolve(_ selection: TableSelection) -> (tables: [TableName], refusals: [String], warnings: [String]) {
        switch selection {
        case .listed(let rules, _):
            var distinct: [TableName] = []
            for name in rules.map(\.name) where !distinct.contains(where: { $0.sql == name.sql }) {
                distinct.append(name)
            }
            return (distinct, distinct.compactMap { refusal(of: $0, among: distinct) }, [])
        case .all(let exceptions):
            let excepted = Set(exceptions.map(\.sql))
            let candidates = entries.filter { $0.isTable && $0.root == nil && !excepted.contains($0.name.sql) }
            let missing = exceptions.filter { find($0) == nil }.map { "tables: -\($0): \(absence(of: $0))" }
            let unfit = candidates.compactMap { entry -> String? in
                if let obstacle = entry.obstacle {
                    return
                        "table \"\(entry.name)\" is left out, since \(obstacle); or name it as an exception: -\(entry.name)"
                }
                guard !entry.hasKey else { return nil }
                return
                    "table \"\(entry.name)\" has no primary key and is left out; add one, or name it as an exception: -\(entry.name)"
            }
            return (candidates.filter { $0.hasKey && $0.obstacle == nil }.map(\.name), missing, unfit)
        }
    }

    /// Why the table cannot be synced, with the way out; nil when nothing that the survey knows is in the way.
    private func refusal(of name: TableName, among names: [TableName]) -> String? {
        if name.schema == "trunkline" { return "\"\(name)\" is the bookkeeping's own; leave it out of tables" }
        guard let entry = find(name) else { return absence(of: name) }
        if let root = entry.root {
            let isListed = names.contains { $0.sql == root.sql }
            return "\"\(name)\" is a partition of \"\(root)\"; "
                + (isListed ? "leave it out, \"\(root)\" has its rows" : "name \"\(root)\" in its place")
        }
        switch entry.kind {
        case "v": return "\"\(name)\" is a view; name the tables behind it, or leave it out of tables"
        case "m": return "\"\(name)\" is a materialized view; name the tables behind it, or leave it out of tables"
        case "f": return "\"\(name)\" is a foreign table; leave it out of tables"
        default: break
        }
        if let obstacle = entry.obstacle {
            return "table \"\(name)\" cannot be synced, since \(obstacle); leave it out of tables"
        }
        return entry.hasKey ? nil : "table \"\(name)\" has no primary key; add one, or leave the table out of tables"
    }

    private func absence(of name: TableName) -> String {
        let elsewhere = entries.filter { $0.isTable && $0.name.name == name.name }.map(\.name.description)
        let near =
            elsewhere.isEmpty
            ? Suggestion.nearest(to: "\(name)", among: entries.filter(\.isTable).map(\.name.description)).map { [$0] }
                ?? []
            : elsewhere
        return "table \"\(name)\" does not exist; "
            + (near.isEmpty
                ? "create it, or leave it out of tables" : "did you mean \(near.joined(separator: " or "))?")
    }

    private func find(_ name: TableName) -> Entry? { entries.first { $0.name.sql == name.sql } }
}

extension TableSurvey.Entry {
    fileprivate var isTable: Bool { kind == "r" || kind == "p" }
}

extension TableName {
    fileprivate init(inSchema schema: String, _ name: String) {
        self = TableName(schema: schema, name).withoutDefaultSchema
    }

    /// All that name this table on the wire: the default schema may be said or not.
    var spellings: [String] {
        let plain = withoutDefaultSchema
        guard plain.schema == nil else { return [plain.description] }
        return [plain.description, TableName(schema: "public", plain.name).description]
    }

    /// The one spelling of the table's name, in which it travels.
    var withoutDefaultSchema: TableName { schema == "public" ? TableName(name) : self }
}
