import TrunklineCore

/// Rows of one synced table of this office, found by keys that the receiver named.
struct LocalRows {
    private let table: SyncedTable
    private let keyTypes: [String]
    private let connection: PostgresConnection

    /// Nil when the table is not synced or does not exist any more.
    init?(_ name: TableName, _ connection: PostgresConnection) throws(StoreError) {
        guard let synced = try SyncedTable.all(connection).first(where: { $0.name == name && $0.captured }),
            let table = try Catalog(connection).table(name)
        else { return nil }
        self.table = synced
        self.connection = connection
        keyTypes = synced.key.map { key in table.columns.first { $0.name == key }?.castType ?? "text" }
    }

    /// Logs the keys as changed; what is there of them is looked at when their batch is read.
    func log(_ keys: [RowKey]) throws(StoreError) {
        guard !keys.isEmpty else { return }
        try connection.run(
            """
            INSERT INTO trunkline.change (transaction, table_id, key, op)
            SELECT pg_current_xact_id(), \(table.id), ARRAY[\(names.joined(separator: ", "))], 'u' FROM \(list)
            """, arrays(keys), "log keys")
    }

    func logAll() throws(StoreError) { try connection.run(table.logAll(op: "r"), [], "log keys") }

    /// Moves the rows into `superseded_row`; the log forgets them, so that no delete of them travels.
    func putAside(_ keys: [RowKey], _ stream: StreamID, reason: String) throws(StoreError) {
        guard !keys.isEmpty else { return }
        let match = zip(table.key, zip(names, keyTypes)).map { column, key in
            "t.\(column.identifier) = k.\(key.0)::\(key.1)"
        }.joined(separator: " AND ")
        try connection.run(
            """
            \(RecoveryStatements.putAside)
            SELECT \(stream.description.literal), \(table.name.description.literal), row_to_json(t), \(reason.literal)
            FROM \(table.relation) t JOIN \(list) ON \(match)
            """, arrays(keys), "put rows aside")
        try connection.run(
            "DELETE FROM \(table.relation) t USING \(list) WHERE \(match)", arrays(keys), "put rows aside")
        let logged = zip(names, keyTypes).enumerated().map { index, key in
            "c.key[\(index + 1)]::\(key.1) = k.\(key.0)::\(key.1)"
        }.joined(separator: " AND ")
        try connection.run(
            "DELETE FROM trunkline.change c USING \(list) WHERE c.table_id = \(table.id) AND \(logged)", arrays(keys),
            "put rows aside")
    }

    /// New rows get keys above `highest`, if the database hands the keys out.
    func advanceSequence(past highest: Int64) throws(StoreError) {
        guard table.key.count == 1 else { return }
        let found = try connection.run(
            "SELECT pg_get_serial_sequence($1, $2)", [table.relation, table.key[0]], "find sequence")
        guard let sequence = found.value(0, 0) else { return }
        try connection.run(
            "SELECT setval($1::regclass, greatest($2::bigint, (SELECT last_value FROM \(sequence))))",
            [sequence, "\(highest)"], "advance sequence")
    }

    private var names: [String] { table.key.indices.map { "k\($0 + 1)" } }

    private var list: String {
        let places = table.key.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
        return "unnest(\(places)) AS k (\(names.joined(separator: ", ")))"
    }

    private func arrays(_ keys: [RowKey]) -> [String?] {
        table.key.indices.map { index in TextArray.encode(keys.map { $0.values[index] ?? "" }) }
    }
}
