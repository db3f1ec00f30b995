internal import GRDB
internal import TrunklineCore

/// The keys of a table in an interval, in the key's order.
///
/// An interval is walked along the key itself, which stays what it is: a rowid that is not the key changes with VACUUM.
/// The end is told by comparing, row by row, so that keys with a NULL, which SQLite sorts first, are not passed over.
struct KeyWalk {
    private let shape: TableShape
    private let statement: Statement
    private let db: Database

    struct Step {
        var key: [SQLiteValue]
        /// Whether the row fulfils the conditions.
        var isWanted: Bool

        /// Whether an interval may end here: nothing compares with a key that has a NULL.
        var isPlace: Bool { KeyWalk.place(key) != nil }
    }

    /// - Parameters:
    ///   - after: a key as the log has it; nil: from the beginning. A place that does not fit, because the table was
    ///     rebuilt, is none.
    ///   - through: nil: to the end.
    ///   - conditions: SQL over the table under its own name.
    init(
        _ shape: TableShape, after: String?, through: String?, conditions: [String], _ db: Database
    ) throws {
        self.shape = shape
        self.db = db
        let after = after.flatMap { KeyText.values($0, count: shape.key.count) }.flatMap(KeyWalk.place)
        let through = through.flatMap { KeyText.values($0, count: shape.key.count) }.flatMap(KeyWalk.place)
        let order = KeyWalk.order(shape)
        let places = Array(repeating: "?", count: shape.key.count).joined(separator: ", ")
        var lower = "TRUE"
        var values: [SQLiteValue] = []
        let isPast = through == nil ? "0" : "((\(order)) > (\(places))) IS TRUE"
        if let through { values += through }
        if let after {
            lower = "(\(order)) > (\(places))"
            values += after
            // Lets the index say where to stop.
            if let through {
                lower += " AND \(KeyWalk.terms(shape)[0]) <= ?"
                values.append(through[0])
            }
        }
        let wanted = (["TRUE"] + conditions).joined(separator: " AND ")
        let keys = shape.key.map { "\(TableName.quoted(shape.name)).\(TableName.quoted($0))" }
        // Each branch has conditions of its own: a connection does not keep thousands of statements.
        let sql = """
            SELECT \(keys.joined(separator: ", ")), \(isPast), (\(wanted)) IS TRUE
            FROM \(TableName.quoted(shape.name)) WHERE \(lower) ORDER BY \(order)
            """
        statement = try conditions.isEmpty ? db.cachedStatement(sql: sql) : db.makeStatement(sql: sql)
        statement.rewind()
        for (index, value) in values.enumerated() { try value.bind(to: statement, at: index + 1) }
    }

    /// The next one; nil at the interval's end.
    func next() throws -> Step? {
        guard try statement.stepOnce(db), !isTrue(shape.key.count) else { return nil }
        return Step(
            key: shape.key.indices.map { SQLiteValue(statement, column: $0) }, isWanted: isTrue(shape.key.count + 1))
    }

    func end() { statement.rewind() }

    private func isTrue(_ column: Int) -> Bool { SQLiteValue(statement, column: column) == .integer(1) }

    private static func place(_ values: [SQLiteValue]) -> [SQLiteValue]? { values.contains(.null) ? nil : values }

    private static func terms(_ shape: TableShape) -> [String] {
        zip(shape.key, shape.keyCollations).map { column, collation in
            let name = "\(TableName.quoted(shape.name)).\(TableName.quoted(column))"
            return shape.hasIntegerKey ? name : "\(name) COLLATE \(TableName.quoted(collation))"
        }
    }

    private static func order(_ shape: TableShape) -> String { terms(shape).joined(separator: ", ") }

    /// Whether a table has rows, and its last key as the log has it; nil where nothing compares with that.
    static func extent(_ shape: TableShape, _ db: Database) throws -> (isEmpty: Bool, last: String?) {
        let keys = shape.key.map { TableName.quoted($0) }.joined(separator: ", ")
        let order = terms(shape).map { "\($0) DESC" }.joined(separator: ", ")
        let statement = try db.cachedStatement(
            sql: "SELECT \(keys) FROM \(TableName.quoted(shape.name)) ORDER BY \(order) LIMIT 1")
        defer { statement.rewind() }
        guard try statement.stepOnce(db) else { return (true, nil) }
        return (false, place(shape.key.indices.map { SQLiteValue(statement, column: $0) }).map(KeyText.text))
    }

    /// Whether a row's key is in an interval, as SQL over the table under its own name.
    static func isWithin(_ shape: TableShape, after: String?, through: String?) -> String {
        let order = order(shape)
        func past(_ place: String?) -> String? {
            guard let values = place.flatMap({ KeyText.values($0, count: shape.key.count) }).flatMap(KeyWalk.place)
            else {
                return nil
            }
            return "((\(order)) > (\(values.map(\.literal).joined(separator: ", ")))) IS TRUE"
        }
        return "(\(past(after) ?? "TRUE") AND NOT \(past(through) ?? "FALSE"))"
    }
}

extension SQLiteValue {
    /// As SQL.
    fileprivate var literal: String {
        func hex(_ bytes: [UInt8]) -> String {
            var digits: [UInt8] = []
            HexText.append(bytes, to: &digits)
            return "X'\(String(decoding: digits, as: UTF8.self))'"
        }
        return switch self {
        case .null: "NULL"
        case .integer(let value): value == .min ? "(-9223372036854775807 - 1)" : "\(value)"
        case .real(let value): value.isInfinite ? (value < 0 ? "-9e999" : "9e999") : "\(value)"
        case .text(let bytes): "CAST(\(hex(bytes)) AS TEXT)"
        case .blob(let bytes): hex(bytes)
        }
    }
}
