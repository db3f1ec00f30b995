/// In what a sender's table differs from the one that stores its rows: columns, by their names at the sender where it has them.
public struct TableDifference: Hashable, Sendable, Codable {
    /// A column that both have, with types that hold other values.
    public struct TypePair: Hashable, Sendable, Codable {
        public var column: String
        public var sent: String
        public var stored: String

        public init(column: String, sent: String, stored: String) {
            self.column = column
            self.sent = sent
            self.stored = stored
        }
    }

    /// At the sender.
    public var name: TableName
    /// The sender's that are not stored as they are.
    public var notStored: [String]
    /// The receiver's that no row of the sender fills.
    public var notSent: [String]
    public var types: [TypePair]
    /// The batch from which on it is so.
    public var number: Int64
    /// When that was, in milliseconds since 1970 by the receiver's clock.
    public var since: Int64

    public init(
        name: TableName, notStored: [String], notSent: [String], types: [TypePair] = [], number: Int64 = 0,
        since: Int64 = 0
    ) {
        self.name = name
        self.notStored = notStored
        self.notSent = notSent
        self.types = types
        self.number = number
        self.since = since
    }

    public var isNone: Bool { notStored.isEmpty && notSent.isEmpty && types.isEmpty }

    /// Without since when it is so.
    fileprivate var what: TableDifference {
        TableDifference(name: name, notStored: notStored, notSent: notSent, types: types)
    }

    /// Whether two types hold other values, as far as their names tell that of two kinds of databases: SQLite has one integer,
    /// and texts of any length.
    static func differ(_ sent: String, _ stored: String) -> Bool {
        guard sent != stored else { return false }
        guard CanonicalValue.rule(for: sent) == CanonicalValue.rule(for: stored) else { return true }
        func base(_ type: String) -> Substring { type.prefix { !"([ ".contains($0) } }
        if base(sent) != base(stored), !typed.isDisjoint(with: [base(sent), base(stored)]) { return true }
        func arguments(_ type: String) -> Substring? {
            type.firstIndex(of: "(").map { type[$0...].prefix { $0 != ")" } }
        }
        guard let first = arguments(sent), let second = arguments(stored) else { return false }
        return first != second
    }

    /// Types whose values are compared as they are written, and that hold no other texts.
    private static let typed: Set<Substring> = ["date", "time", "uuid", "interval", "bytea", "json", "jsonb"]

    /// Of one stream so much is told: tables, and columns of all of them.
    public static let mostTables = 200
    public static let mostColumns = 2_000
}

extension [TableDifference] {
    /// With what a batch shows of some tables.
    /// - Parameters:
    ///   - found: of each table that was looked at.
    ///   - number: of the batch.
    ///   - now: in milliseconds since 1970.
    func noting(_ found: [TableDifference], number: Int64, now: () throws(StoreError) -> Int64) throws(StoreError)
        -> [TableDifference]
    {
        var differences = Dictionary(map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for difference in found {
            guard !difference.isNone else {
                differences[difference.name] = nil
                continue
            }
            if let known = differences[difference.name], known.what == difference.what { continue }
            var new = difference
            (new.number, new.since) = (number, try now())
            differences[difference.name] = new
        }
        var room = TableDifference.mostColumns
        return differences.values.sorted { $0.name < $1.name }.prefix(TableDifference.mostTables).filter {
            room -= $0.notStored.count + $0.notSent.count + $0.types.count
            return room >= 0
        }
    }
}
