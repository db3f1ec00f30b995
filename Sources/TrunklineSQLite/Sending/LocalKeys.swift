internal import GRDB
internal import TrunklineCore

/// Finds the rows that a receiver names by their canonical keys.
struct LocalKeys {
    private let db: Database
    private var lookups: [TableName: Lookup?] = [:]

    private struct Lookup {
        var statement: Statement
        var kinds: [WireKind]
        var twins: KeyTwins?
    }

    init(_ db: Database) { self.db = db }

    /// The key as the change log has it; nil when the row is not here.
    mutating func localKey(of key: RowKey, in table: TableName) throws -> String? {
        guard let lookup = try lookup(table), key.values.count == lookup.kinds.count else { return nil }
        if let twins = lookup.twins { return try twins.find(key).first.map { KeyText.text(of: $0) } }
        defer { lookup.statement.rewind() }
        for (index, (text, kind)) in zip(key.values, lookup.kinds).enumerated() {
            try FieldReader.key(text, as: kind).bind(to: lookup.statement, at: index + 1)
        }
        guard try lookup.statement.stepOnce(db) else { return nil }
        guard case .text(let bytes) = SQLiteValue(lookup.statement, column: 0) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func lookup(_ table: TableName) throws -> Lookup? {
        if let known = lookups[table] { return known }
        let lookup = try make(table)
        lookups[table] = .some(lookup)
        return lookup
    }

    private func make(_ table: TableName) throws -> Lookup? {
        guard let shape = try TableKind.find(table.inSQLite, in: db).shape else { return nil }
        let name = TableName.quoted(shape.name)
        let conditions = shape.key.map { "\(TableName.quoted($0)) = ?" }.joined(separator: " AND ")
        let statement = try db.makeStatement(
            sql: "SELECT \(KeyText.expression(of: shape, row: name)) FROM \(name) WHERE \(conditions)")
        return Lookup(
            statement: statement,
            kinds: shape.key.map { WireKind(wireType: DeclaredType(shape.declaredType(of: $0)!).wireType) },
            twins: KeyTwins(shape, try RowImages(shape, rowBytes: .max, db), db))
    }
}
