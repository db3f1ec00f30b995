import TrunklineCore

/// Rows of one synced table of this office, found by keys that the receiver of a stream named.
struct LocalRows: YieldingRows {
    private let table: SyncedTable
    private let stream: StreamID
    private let keyTypes: [String]
    private let connection: PostgresConnection

    /// Nil when the table is not synced or does not exist any more.
    init?(_ name: TableName, for stream: StreamID, _ connection: PostgresConnection) throws(StoreError) {
        guard let synced = try SyncedTable.all(connection).first(where: { $0.name == name && $0.captured }),
            let table = try Catalog(connection).table(name)
        else { return nil }
        self.table = synced
        self.stream = stream
        self.connection = connection
        keyTypes = synced.key.map { key in table.columns.first { $0.name == key }?.castType ?? "text" }
    }

    /// Logs the keys as changed; what is there of them is looked at when their batch is read.
    func log(_ keys: [RowKey]) throws(StoreError) {
        guard !keys.isEmpty else { return }
        guard !isShared else { return try logShared(keys) }
        try connection.run(
            """
            INSERT INTO trunkline.change (destination, transaction, table_id, key, op)
            SELECT \(stream.destination.description.literal), pg_current_xact_id(), \(table.id), ARRAY[\(names.joined(separator: ", "))], 'u' FROM \(list(keys))
            """, [], "log keys")
    }

    /// Of a shared table, whose versions are found by the key as the triggers write it.
    private func logShared(_ keys: [RowKey]) throws(StoreError) {
        let shared = try SharedTable(table.name, key: table.key, connection)
        let (keyed, parameters) = shared.keyed(keys.filter { $0.values.count == table.key.count })
        let office = stream.destination.description.literal
        // The next line says the row itself, even if it is as the branch sent it.
        try connection.run(
            """
            WITH named AS (\(keyed)), whole AS (
                UPDATE trunkline.applied_change a SET standing_clock = NULL, standing_office = NULL FROM named k
                WHERE a.table_id = \(table.id) AND a.office = \(office) AND a.key = k.key)
            INSERT INTO trunkline.change (destination, transaction, table_id, key, op)
            SELECT \(office), pg_current_xact_id(), \(table.id), k.key, 'u' FROM named k
            """, parameters, "log keys")
    }

    var isShared: Bool { table.conflict != nil }

    /// All of its rows travel once more.
    func loadAll() throws(StoreError) {
        try connection.query(Statements.beginLoad, ["\(table.id)", stream.description, "f", "t", "f"])
    }

    func existing(_ keys: [RowKey]) throws(StoreError) -> Set<RowKey> {
        guard !keys.isEmpty else { return [] }
        return try rowKeys("SELECT \(key(of: "t")) FROM \(table.relation) t JOIN \(list(keys)) ON \(match)")
    }

    /// The epoch has just begun: what is not acked is in no batch.
    func insertedSinceTheLastAck(_ keys: Set<RowKey>) throws(StoreError) -> Set<RowKey> {
        guard !keys.isEmpty else { return [] }
        return try rowKeys(
            """
            SELECT \(names.joined(separator: ", ")) FROM (
                SELECT DISTINCT ON (\(names.joined(separator: ", "))) c.op, k.*
                FROM \(list(keys)) JOIN trunkline.unbatched c ON \(logged) AND c.stream = \(stream.description.literal)
                ORDER BY \(names.joined(separator: ", ")), c.seq
            ) first WHERE op IN ('i', 'l')
            """
        ).union(loading(keys))
    }

    /// Those that a first load has still to bring, or whose piece of it is not acked.
    private func loading(_ keys: Set<RowKey>) throws(StoreError) -> Set<RowKey> {
        let ranges = try connection.query(
            RecoveryStatements.unackedLoads, [stream.description, "\(table.id)"]
        ).value(0, 0)
        guard let ranges else { return [] }
        return try rowKeys(
            "SELECT \(key(of: "t")) FROM \(table.relation) t JOIN \(list(keys)) ON \(match) WHERE \(ranges)")
    }

    func obstacleToNewKeys() throws(StoreError) -> String? {
        try connection.query(
            RecoveryStatements.obstacleToNewKeys, [table.relation, TextArray.encode(table.key)]
        ).value(0, 0)
    }

    func referring(to keys: Set<RowKey>) throws(StoreError) -> [TableName: Set<RowKey>] {
        let children = try connection.query(RecoveryStatements.referringTables, [table.relation])
        var rows: [TableName: Set<RowKey>] = [:]
        for row in 0..<children.rowCount {
            guard let name = TableName(parsing: children.text(row, 0)),
                let child = try LocalRows(name, for: stream, connection)
            else { continue }
            let found = try rowKeys(
                """
                SELECT \(child.key(of: "c")) FROM \(child.table.relation) c
                JOIN \(table.relation) p ON \(children.text(row, 1))
                JOIN \(list(keys)) ON \(match(of: "p"))
                """)
            rows[name, default: []].formUnion(found)
        }
        return rows
    }

    /// A common table expression that moves the rows into `superseded_row`.
    func moving(_ keys: Set<RowKey>, reason: String, as name: String) -> String {
        """
        \(name) AS (
            DELETE FROM \(table.relation) t USING \(list(keys)) WHERE \(match) RETURNING row_to_json(t) AS image
        ), \(name)_kept AS (
            \(RecoveryStatements.putAside)
            SELECT \(stream.description.literal), \(table.name.description.literal), image, \(reason.literal) FROM \(name)
        )
        """
    }

    func forget(_ keys: Set<RowKey>) throws(StoreError) {
        try connection.run(
            "DELETE FROM trunkline.change c USING \(list(keys)) WHERE \(logged) AND c.destination = \(stream.destination.description.literal)",
            [], "forget keys")
    }

    /// Forgets what this transaction logged of these keys.
    func forgetOwnChanges(of keys: Set<RowKey>) throws(StoreError) {
        try connection.run(
            """
            DELETE FROM trunkline.change c USING \(list(keys))
            WHERE c.destination = \(stream.destination.description.literal) AND c.transaction = pg_current_xact_id()
                AND \(logged)
            """, [], "forget returned keys")
    }

    /// Gives the rows new keys, from the sequence that hands them out; the rows as they were are kept. The log forgets
    /// the old keys.
    func renew(_ keys: Set<RowKey>) throws(StoreError) {
        guard !keys.isEmpty else { return }
        let column = table.key[0].identifier
        try connection.run(
            """
            WITH kept AS MATERIALIZED (
                SELECT t.\(column) AS old, row_to_json(t) AS image FROM \(table.relation) t JOIN \(list(keys)) ON \(match)
                ORDER BY 1
            ), renewed AS (
                UPDATE \(table.relation) t SET \(column) = DEFAULT FROM kept WHERE t.\(column) = kept.old
                RETURNING t.\(column)::text AS new, kept.image
            )
            INSERT INTO trunkline.superseded_row (stream, table_name, row, reason, new_key)
            SELECT \(stream.description.literal), \(table.name.description.literal), image,
                \(RecoveryReason.newKey(in: stream).literal), new FROM renewed
            """, [], "give rows new keys")
        try forget(keys)
    }

    /// New rows get keys above `highest` and above all that are there, if the database hands the keys out.
    func advanceSequence(past highest: Int64) throws(StoreError) {
        guard table.key.count == 1 else { return }
        let found = try connection.run(
            "SELECT pg_get_serial_sequence($1, $2)", [table.relation, table.key[0]], "find sequence")
        guard let sequence = found.value(0, 0) else { return }
        try connection.run(
            """
            SELECT setval($1::regclass, greatest($2::bigint, (SELECT last_value FROM \(sequence)),
                (SELECT max(\(table.key[0].identifier)) FROM \(table.relation))))
            """, [sequence, "\(highest)"], "advance sequence")
    }

    private var names: [String] { table.key.indices.map { "k\($0 + 1)" } }

    private var match: String { match(of: "t") }

    private func match(of row: String) -> String {
        zip(table.key, zip(names, keyTypes)).map { column, key in
            "\(row).\(column.identifier) = k.\(key.0)::\(key.1)"
        }.joined(separator: " AND ")
    }

    /// The condition for a line `c` of the log.
    private var logged: String {
        let keys = zip(names, keyTypes).enumerated().map { index, key in
            "c.key[\(index + 1)]::\(key.1) = k.\(key.0)::\(key.1)"
        }
        return (["c.table_id = \(table.id)"] + keys).joined(separator: " AND ")
    }

    private func key(of row: String) -> String {
        table.key.map { "\(row).\($0.identifier)::text" }.joined(separator: ", ")
    }

    /// A key with more or fewer values than the table's is none of it: the receiver chose what it named.
    private func list(_ keys: some Collection<RowKey>) -> String {
        let keys = keys.filter { $0.values.count == table.key.count }
        let arrays = table.key.indices.map { index in
            TextArray.encode(keys.map { $0.values[index] ?? "" }).literal + "::text[]"
        }
        return "unnest(\(arrays.joined(separator: ", "))) AS k (\(names.joined(separator: ", ")))"
    }

    private func rowKeys(_ query: String) throws(StoreError) -> Set<RowKey> {
        let result = try connection.run(query, [], "find rows")
        return Set((0..<result.rowCount).map { row in RowKey((0..<result.columnCount).map { result.value(row, $0) }) })
    }
}
