internal import GRDB
internal import TrunklineCore

/// Rows of one synced table of this office, found by keys that the receiver named.
struct LocalRows {
    private let table: SyncedTable
    private let shape: TableShape
    private let kinds: [WireKind]
    private let db: Database

    /// Nil when the table is not synced or does not exist any more.
    init?(_ name: TableName, _ db: Database) throws {
        guard let table = try SyncedTable.all(db).first(where: { $0.name == name }),
            let shape = try TableKind.find(name.inSQLite, in: db).shape
        else { return nil }
        self.table = table
        self.shape = shape
        self.db = db
        kinds = shape.key.map { WireKind(wireType: DeclaredType(shape.declaredType(of: $0)!).wireType) }
    }

    /// Logs the keys as changed; what is there of them is looked at when their batch is read.
    func log(_ keys: [RowKey]) throws {
        let statement = try db.makeStatement(
            sql: "INSERT INTO trunkline_change (table_id, key, op, at) VALUES (?, ?, 'update', \(Timestamp.now))")
        for key in keys { try statement.execute(arguments: [table.id, KeyText.text(of: values(key))]) }
    }

    func logAll() throws { try table.startLoad("update", db) }

    /// Moves the rows into `trunkline_superseded_row`; the log forgets them, so that no delete of them travels.
    func putAside(_ keys: [RowKey], _ stream: StreamID, reason: String) throws {
        let name = TableName.quoted(shape.name)
        let conditions = shape.key.map { "\(TableName.quoted($0)) = ?" }.joined(separator: " AND ")
        let keep = try db.makeStatement(
            sql: """
                INSERT INTO trunkline_superseded_row (stream, table_name, row, reason, at)
                SELECT ?, ?, \(RowJSON.expression(of: shape.columns.map(\.name))), ?, \(Timestamp.now) FROM \(name)
                WHERE \(conditions)
                """)
        let remove = try db.makeStatement(sql: "DELETE FROM \(name) WHERE \(conditions)")
        let forget = try db.makeStatement(sql: "DELETE FROM trunkline_change WHERE table_id = ? AND key = ?")
        for key in keys {
            let values = values(key)
            for (index, text) in [stream.description, table.name.description, reason].enumerated() {
                try SQLiteValue.text(Array(text.utf8)).bind(to: keep, at: index + 1)
            }
            try execute(keep, values, from: 4)
            try execute(remove, values, from: 1)
            try forget.execute(arguments: [table.id, KeyText.text(of: values)])
        }
    }

    /// New rows get keys above `highest`, if the table is AUTOINCREMENT. Any other table takes the highest key that is
    /// there, plus one; the head refuses such a row if it keeps one of that key.
    func advanceSequence(past highest: Int64) throws {
        let isThere = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence')")!
        guard shape.key.count == 1, isThere else { return }
        try db.execute(
            sql: "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", arguments: [highest, shape.name])
    }

    private func values(_ key: RowKey) -> [SQLiteValue] {
        zip(key.values, kinds).map { FieldReader.key($0, as: $1) }
    }

    private func execute(_ statement: Statement, _ values: [SQLiteValue], from first: Int) throws {
        for (index, value) in values.enumerated() { try value.bind(to: statement, at: first + index) }
        defer { statement.rewind() }
        while try statement.stepOnce(db) {}
    }
}
