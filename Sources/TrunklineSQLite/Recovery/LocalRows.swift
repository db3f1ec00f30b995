internal import GRDB
internal import TrunklineCore

/// Rows of one synced table of this office, as far as one stream is concerned. Keys are as the change log writes them, unless the receiver named them.
struct LocalRows: YieldingRows {
    private let table: SyncedTable
    private let stream: StreamID
    private let shape: TableShape
    private let kinds: [WireKind]
    private let db: Database

    /// Nil when the table is not synced or does not exist any more.
    init?(_ name: TableName, for stream: StreamID, _ db: Database) throws {
        guard let table = try SyncedTable.all(db).first(where: { $0.name == name }),
            let shape = try TableKind.find(name.inSQLite, in: db).shape
        else { return nil }
        self.table = table
        self.stream = stream
        self.shape = shape
        self.db = db
        kinds = shape.key.map { WireKind(wireType: DeclaredType(shape.declaredType(of: $0)!).wireType) }
    }

    var name: TableName { table.name }

    var isShared: Bool { table.conflict != nil }

    /// Logs the keys as changed; what is there of them is looked at when their batch is read.
    func log(_ keys: [RowKey]) throws {
        let statement = try db.makeStatement(
            sql: """
                INSERT INTO trunkline_change (table_id, key, op, at, destination)
                VALUES (?, ?, 'update', \(Timestamp.now), ?)
                """)
        for key in keys { try statement.execute(arguments: [table.id, text(of: key), stream.destination.description]) }
        if isShared { try AppliedChanges.sayWhole(keys.map(text), table.id, to: stream.destination, db) }
    }

    func loadAll() throws { try TableLoad.begin(table, isNew: false, sweeps: true, for: stream, db) }

    func existing(_ keys: [RowKey]) throws -> Set<String> {
        let statement = try db.makeStatement(sql: "SELECT 'there' FROM \(relation) WHERE \(conditions)")
        var found: Set<String> = []
        for key in Set(keys.map(text)) where try !run(statement, key).isEmpty { found.insert(key) }
        return found
    }

    func insertedSinceTheLastAck(_ keys: Set<String>) throws -> Set<String> {
        let statement = try db.makeStatement(
            sql: """
                SELECT op FROM trunkline_change WHERE table_id = ?1 AND key = ?2 AND destination IN (?3, 'all')
                    AND seq > (SELECT acked_seq FROM trunkline_outbound WHERE stream = ?4) ORDER BY seq LIMIT 1
                """)
        // Of a first load that was not acked there are no lines.
        let loads = try Row.fetchAll(
            db,
            sql: """
                SELECT after_key, through_key FROM trunkline_load WHERE stream = ?1 AND table_id = ?2 AND is_new
                UNION SELECT load_after, load_through FROM trunkline_batch
                WHERE stream = ?1 AND load_table = ?2 AND load_new AND state <> 'acked'
                """, arguments: [stream.description, table.id])
        let unloaded = try loads.map { row in
            try db.makeStatement(
                sql: """
                    SELECT 'there' FROM \(relation) WHERE \(conditions)
                        AND \(KeyWalk.isWithin(shape, after: row["after_key"], through: row["through_key"]))
                    """)
        }
        return try keys.filter { key in
            let first = try String.fetchOne(
                statement, arguments: [table.id, key, stream.destination.description, stream.description])
            return try first == "insert" || unloaded.contains { try !run($0, key).isEmpty }
        }
    }

    func obstacleToNewKeys() throws -> String? {
        guard shape.hasIntegerKey else { return "its key is not one integer column that the database fills" }
        let children = try String.fetchAll(
            db,
            sql: """
                SELECT DISTINCT m.name FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS f
                WHERE m.type = 'table' AND f."table" = ? COLLATE NOCASE ORDER BY m.name
                """, arguments: [shape.name])
        return children.isEmpty ? nil : "rows of \(children.joined(separator: ", ")) refer to it"
    }

    func refers(to parent: LocalRows) -> Bool { !foreignKeys(to: parent).isEmpty }

    func referring(to keys: Set<String>) throws -> [TableName: Set<String>] {
        var rows: [TableName: Set<String>] = [:]
        for table in try SyncedTable.all(db) {
            guard let child = try LocalRows(table.name, for: stream, db), child.refers(to: self) else { continue }
            rows[child.name] = try referring(to: keys, in: child)
        }
        return rows
    }

    private func referring(to keys: Set<String>, in child: LocalRows) throws -> Set<String> {
        var found: Set<String> = []
        for foreign in child.foreignKeys(to: self) {
            let parents = foreign.parentColumns.isEmpty ? shape.key : foreign.parentColumns
            let join = zip(foreign.columns, parents).map {
                "c.\(TableName.quoted($0)) = p.\(TableName.quoted($1))"
            }
            let statement = try db.makeStatement(
                sql: """
                    SELECT \(KeyText.expression(of: child.shape, row: "c")) FROM \(relation) AS p
                    JOIN \(child.relation) AS c ON \(join.joined(separator: " AND ")) WHERE \(conditions(of: "p."))
                    """)
            for key in keys { found.formUnion(try run(statement, key)) }
        }
        return found
    }

    /// Copies the rows into `trunkline_superseded_row`.
    func keep(_ keys: Set<String>, _ stream: StreamID, reason: String, newKey: Int64? = nil) throws {
        let statement = try db.makeStatement(
            sql: """
                INSERT INTO trunkline_superseded_row (stream, table_name, row, reason, new_key, at)
                SELECT \(literal(stream.description)), \(literal(table.name.description)),
                    \(RowJSON.expression(of: shape.columns.map(\.name))), \(literal(reason)),
                    \(newKey.map { "'\($0)'" } ?? "NULL"), \(Timestamp.now)
                FROM \(relation) WHERE \(conditions)
                """)
        for key in keys { try run(statement, key) }
    }

    func remove(_ keys: Set<String>) throws {
        let statement = try db.makeStatement(sql: "DELETE FROM \(relation) WHERE \(conditions)")
        for key in keys { try run(statement, key) }
    }

    func forget(_ keys: Set<String>) throws {
        let statement = try db.makeStatement(
            sql: "DELETE FROM trunkline_change WHERE table_id = ? AND key = ? AND destination = ?")
        for key in keys { try statement.execute(arguments: [table.id, key, stream.destination.description]) }
    }

    /// Forgets what was logged of these keys after a line of the log.
    func forget(_ keys: [RowKey], loggedAfter seq: Int64) throws {
        let statement = try db.makeStatement(
            sql: "DELETE FROM trunkline_change WHERE table_id = ? AND key = ? AND destination = ? AND seq > ?")
        for key in keys {
            try statement.execute(arguments: [table.id, text(of: key), stream.destination.description, seq])
        }
    }

    /// Gives the rows new keys, above `highest` and all that are there or were handed out; the rows as they were are
    /// kept. The log forgets the old keys.
    func renew(_ keys: Set<String>, _ stream: StreamID, above highest: Int64) throws {
        guard !keys.isEmpty else { return }
        let column = TableName.quoted(shape.key[0])
        var last = max(
            highest, try Int64.fetchOne(db, sql: "SELECT max(\(column)) FROM \(relation)") ?? 0,
            try handedOut() ?? 0)
        let statement = try db.makeStatement(sql: "UPDATE \(relation) SET \(column) = ? WHERE \(column) = ?")
        for key in keys.sorted(by: { ($0.count, $0) < ($1.count, $1) }) {
            guard let old = Int64(key) else { continue }
            last += 1
            try keep([key], stream, reason: RecoveryReason.newKey(in: stream), newKey: last)
            try statement.execute(arguments: [last, old])
        }
        try advanceSequence(past: last)
        try forget(keys)
    }

    /// New rows get keys above `highest`, if the table is AUTOINCREMENT. Any other table takes the highest key that is
    /// there, plus one; the head refuses such a row if it keeps one of that key.
    func advanceSequence(past highest: Int64) throws {
        guard try handedOut() != nil else { return }
        try db.execute(
            sql: "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", arguments: [highest, shape.name])
    }

    /// The highest key that AUTOINCREMENT handed out; nil when the table is not of that kind, or never had a row.
    private func handedOut() throws -> Int64? {
        let isThere = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence')")!
        guard shape.key.count == 1, isThere else { return nil }
        return try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = ?", arguments: [shape.name])
    }

    private var relation: String { TableName.quoted(shape.name) }

    private var conditions: String { conditions(of: "") }

    private func conditions(of row: String) -> String {
        shape.key.map { "\(row)\(TableName.quoted($0)) = ?" }.joined(separator: " AND ")
    }

    private func foreignKeys(to parent: LocalRows) -> [TableShape.ForeignKey] {
        shape.foreignKeys.filter { $0.parent.lowercased() == parent.shape.name.lowercased() }
    }

    private func literal(_ text: String) -> String { "'" + text.doubling("'") + "'" }

    private func text(of key: RowKey) -> String {
        KeyText.text(of: zip(key.values, kinds).map { FieldReader.key($0, as: $1) })
    }

    /// Runs a statement with the values of a key bound.
    /// - Returns: the first column of its rows, as text.
    @discardableResult
    private func run(_ statement: Statement, _ key: String) throws -> Set<String> {
        guard let values = KeyText.values(key, count: shape.key.count) else { return [] }
        for (index, value) in values.enumerated() { try value.bind(to: statement, at: index + 1) }
        defer { statement.rewind() }
        var found: Set<String> = []
        while try statement.stepOnce(db) {
            guard case .text(let bytes) = SQLiteValue(statement, column: 0) else { continue }
            found.insert(String(decoding: bytes, as: UTF8.self))
        }
        return found
    }
}
