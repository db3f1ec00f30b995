internal import TrunklineCore

/// A shared table of this office, with its rows' versions.
struct SharedTable {
    let id: Int
    let policy: ConflictPolicy
    let isRouted: Bool
    private let relation: String
    private let keyTypes: [String]

    /// - Parameter key: the key's columns, as a sender names them.
    init(_ name: TableName, key: [String], _ connection: PostgresConnection) throws(StoreError) {
        let wanted = name.inDefaultSchema.sql
        guard let own = try SyncedTable.all(connection).first(where: { $0.captured && $0.relation == wanted }),
            let policy = own.conflict
        else {
            throw StoreError(
                .table, operation: "look at versions", subject: "table \"\(name)\"",
                reason: "this office does not share it")
        }
        id = own.id
        self.policy = policy
        isRouted = own.route != .all
        relation = own.relation
        let columns = try Catalog(connection).table(own.name)?.columns ?? []
        keyTypes = key.map { key in columns.first { $0.name == key }?.fullType ?? "text" }
    }

    /// Rows `n` (from 1) and `key`, as the triggers write it, of keys as they travel.
    /// - Returns: SQL, and the parameters `$1`, `$2`, … of it.
    func keyed(_ keys: [RowKey]) -> (sql: String, parameters: [String]) {
        let names = keyTypes.indices.map { "k\($0 + 1)" }
        let arrays = keyTypes.indices.map { index in
            TextArray.encode(keys.map { index < $0.values.count ? $0.values[index] ?? "" : "" })
        }
        let places = keyTypes.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
        let values = zip(names, keyTypes).map { name, type in
            Self.isText(type)
                ? "u.\(name)"
                : "CASE WHEN trunkline.is_value(u.\(name), \(type.literal)) THEN (u.\(name)::\(type))::text ELSE u.\(name) END"
        }
        let list = (names + ["n"]).joined(separator: ", ")
        return (
            "SELECT u.n, ARRAY[\(values.joined(separator: ", "))] AS key FROM unnest(\(places)) WITH ORDINALITY AS u (\(list))",
            arrays
        )
    }

    /// Whether somebody else's trigger or rule may make another row of what is stored: then the branch that sent a row is
    /// told of it whole.
    func hasTriggers(_ connection: PostgresConnection) throws(StoreError) -> Bool {
        try connection.query(SharingStatements.hasTriggers, [relation]).flag(0, 0)
    }

    private static func isText(_ type: String) -> Bool { type == "text" || type.hasPrefix("character varying") }
}
