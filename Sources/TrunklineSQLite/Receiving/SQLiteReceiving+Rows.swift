internal import GRDB
internal import TrunklineCore

extension SQLiteReceiving {
    /// Nobody else writes within this transaction.
    func lock(_ keys: [RowKey], _ table: TableHeader, of stream: StreamID) throws(StoreError) -> Set<Int> { [] }

    func rows(of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits) throws(StoreError)
        -> FoundRows
    {
        try run("read rows", table.name) {
            guard let reader = try KeyedRows(table, stream, db) else { return FoundRows(considered: keys.count) }
            var found = FoundRows(considered: 0)
            var bytes = 0
            for (index, key) in keys.enumerated() {
                if let content = try reader.read(key, rowBytes: limits.rowBytes) {
                    if case .line(let line) = content {
                        bytes += line.text.count
                        guard bytes <= limits.batchBytes else { return found }
                    }
                    found.rows.append(FoundRows.Row(index: index, content: content))
                }
                found.considered = index + 1
            }
            return found
        }
    }
}

/// Reads rows of a receiver's table by the sender's keys, as lines of the sender's shape.
private struct KeyedRows {
    private let table: TableHeader
    private let kinds: [WireKind]
    private let spellings: [KeySpellings]
    private let select: String
    private let conditions: [String]
    private let db: Database

    /// Nil when there is no such table.
    init?(_ table: TableHeader, _ stream: StreamID, _ db: Database) throws {
        let mapping = TableMapping(table, of: stream)
        guard let shape = try TableKind.find(mapping.target.inSQLite, in: db).shape else { return nil }
        self.table = table
        self.db = db
        kinds = table.columns.map { WireKind(wireType: $0.type) }
        spellings = table.key.map { name in
            let own = shape.columns.first { $0.name.lowercased() == name.lowercased() }
            return KeySpellings(
                kind: WireKind(wireType: table.columns.first { $0.name == name }!.type),
                affinity: DeclaredType(own?.declaredType ?? "").affinity)
        }
        let columns = table.columns.map { TableName.quoted($0.name) }.joined(separator: ", ")
        select = "SELECT \(columns) FROM \(TableName.quoted(shape.name))"
        conditions = mapping.conditions(in: stream)
    }

    /// Nil when there is no such row.
    func read(_ key: RowKey, rowBytes: Int) throws -> FoundRows.Content? {
        guard key.values.count == spellings.count else { return nil }
        let wanted = zip(spellings, key.values).map { spelling, text in
            text.map { spelling.areSeveral ? spelling.values($0) : [FieldReader.key($0, as: spelling.kind)] } ?? [.null]
        }
        let places = zip(table.key, wanted).map { name, values in
            "\(TableName.quoted(name)) IN (\(values.map { _ in "?" }.joined(separator: ", ")))"
        }
        let statement = try db.cachedStatement(
            sql: "\(select) WHERE \((places + conditions).joined(separator: " AND "))")
        defer { statement.rewind() }
        for (index, value) in wanted.joined().enumerated() { try value.bind(to: statement, at: index + 1) }
        do {
            guard try statement.stepOnce(db) else { return nil }
        } catch let error as DatabaseError where error.resultCode.primaryResultCode == .SQLITE_TOOBIG {
            return .problem("the row is too large")
        }
        return content(statement, rowBytes)
    }

    private func content(_ statement: Statement, _ rowBytes: Int) -> FoundRows.Content {
        let stored = kinds.indices.reduce(0) { sum, index in
            RawValue.with(statement, column: index) { value in
                switch value {
                case .text(let bytes): sum + bytes.count
                case .blob(let bytes): sum + 2 * bytes.count
                case .null, .integer, .real: sum
                }
            }
        }
        guard stored <= rowBytes else {
            return .problem("the row is \(stored) bytes; the limit is \(rowBytes)")
        }
        var line: [UInt8] = []
        var misfits: [String: String] = [:]
        var problem: String?
        for (index, kind) in kinds.enumerated() {
            if index > 0 { line.append(UInt8(ascii: "\t")) }
            let name = table.columns[index].name
            RawValue.with(statement, column: index) { value in
                switch FieldWriter.append(value, as: kind, to: &line) {
                case nil: break
                case .text: misfits[name] = "text"
                case .blob: misfits[name] = "blob"
                case .notUTF8: problem = "column \"\(name)\" holds text that is not UTF-8"
                }
            }
        }
        line.append(UInt8(ascii: "\n"))
        if let problem { return .problem(problem) }
        return .line(ReceivedLine(table: table, isDelete: false, text: line[...], misfits: misfits))
    }
}
