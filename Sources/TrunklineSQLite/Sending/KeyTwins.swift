internal import GRDB
internal import TrunklineCore

/// The rows of a table whose keys are different values here and one key at a receiver.
///
/// One of them travels: that of the canonical spelling, else of the first in the order of ``KeySpellings``. The others are
/// set aside, and a delete travels only when the last of them is gone. The choice depends on the rows alone, so that it is
/// the same at whichever change, and whenever, it is looked at.
struct KeyTwins {
    static let reason =
        "its key means the same as that of another row of the table, and one of them can travel; write all keys in one spelling"

    private let shape: TableShape
    private let spellings: [KeySpellings]
    private let images: RowImages
    /// Which rows are regarded.
    private let scope: [String]
    private let db: Database

    /// Nil for a table whose keys have one spelling each.
    init?(_ shape: TableShape, _ images: RowImages, scope: [String] = [], _ db: Database) {
        let types = shape.key.map { DeclaredType(shape.declaredType(of: $0)!) }
        spellings = types.map { KeySpellings(kind: WireKind(wireType: $0.wireType), affinity: $0.affinity) }
        guard !shape.hasIntegerKey, spellings.contains(where: \.areSeveral) else { return nil }
        self.shape = shape
        self.images = images
        self.scope = scope
        self.db = db
    }

    /// Why a row of this key cannot travel though its values fit their types; nil when it can.
    func problem(of values: [SQLiteValue]) -> String? {
        let canonical = images.rowKey(values)
        for (index, text) in canonical.values.enumerated() where spellings[index].areSeveral {
            guard let text, !spellings[index].values(text).contains(values[index]) else { continue }
            return
                "the key's column \"\(shape.key[index])\" holds an unusual spelling of its value; write it as its type's canonical text"
        }
        return nil
    }

    /// The same for all keys that are one at a receiver.
    /// - Parameter key: in canonical text, where a decimal may still have zeros at its end.
    func identity(of key: RowKey) -> RowKey {
        RowKey(
            zip(spellings, key.values).map { spelling, text in
                guard case .decimal = spelling.kind, let text else { return text }
                return DecimalText.normalised(text) ?? text
            })
    }

    /// The keys of all rows that mean this key, in usual spellings, the one that travels first.
    func find(_ key: RowKey) throws -> [[SQLiteValue]] {
        let wanted = zip(spellings, key.values).map { spelling, text in
            text.map { spelling.areSeveral ? spelling.values($0) : [FieldReader.key($0, as: spelling.kind)] } ?? [.null]
        }
        let conditions = shape.key.indices.map { index in
            let column = TableName.quoted(shape.key[index])
            let collation = TableName.quoted(shape.keyCollations[index])
            let places = Array(repeating: "?", count: wanted[index].count).joined(separator: ", ")
            return "\(column) COLLATE \(collation) IN (\(places))"
        }
        let columns = shape.key.map { TableName.quoted($0) }.joined(separator: ", ")
        let sql =
            "SELECT \(columns) FROM \(TableName.quoted(shape.name)) WHERE \((conditions + scope).joined(separator: " AND "))"
        let statement = try scope.isEmpty ? db.cachedStatement(sql: sql) : db.makeStatement(sql: sql)
        defer { statement.rewind() }
        for (index, value) in wanted.joined().enumerated() { try value.bind(to: statement, at: index + 1) }
        var found: [(rank: [Int], key: [SQLiteValue])] = []
        while try statement.stepOnce(db) {
            let values = shape.key.indices.map { SQLiteValue(statement, column: $0) }
            let rank = zip(wanted, values).compactMap { $0.firstIndex(of: $1) }
            if rank.count == values.count { found.append((rank, values)) }
        }
        return found.sorted { $0.rank.lexicographicallyPrecedes($1.rank) }.map(\.key)
    }
}
