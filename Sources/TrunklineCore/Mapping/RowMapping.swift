/// How rows of another office's table become rows of a table here, as this office's configuration says. Nothing of it comes
/// from elsewhere.
public struct RowMapping: Hashable, Sendable, Codable {
    /// What a column here is made of.
    public enum Source: Hashable, Sendable, Codable {
        /// SQL of this office's database over the sender's columns. The bare name of one of them is that column under another
        /// name.
        case expression(String)
        /// The first of them that is a column of the sender, under another name; else the first that is an expression: senders
        /// may have a column under several names, or some not at all.
        case firstOf([String])
        /// The same text for all rows; nil: NULL.
        case constant(String?)
        case lookup(Lookup)
    }

    /// A value of a row of another table here, which is found by a column of the sender. A row whose value is not there yet
    /// waits for it; NULL finds NULL.
    public struct Lookup: Hashable, Sendable, Codable {
        public var table: TableName
        /// The other table's column that is compared.
        public var match: String
        /// With this column of the sender.
        public var by: String
        /// The other table's column whose value is taken.
        public var take: String

        public init(table: TableName, match: String, by: String, take: String) {
            self.table = table
            self.match = match
            self.by = by
            self.take = take
        }
    }

    /// The table here; nil: one of the same name.
    public var into: TableName?
    /// By the columns here. A column of the sender that is under another name is under its own no more; all others are, unless
    /// they are left out.
    public var columns: [String: Source]
    /// Columns of the sender that are not stored.
    public var leftOut: [String]
    /// A condition of this office's database over the sender's columns: rows that do not fulfil it are not stored.
    public var filter: String?
    /// What becomes of columns that the table here does not have; nil: as it is for all tables.
    public var newColumns: NewColumns?

    public init(
        into: TableName? = nil, columns: [String: Source] = [:], leftOut: [String] = [], filter: String? = nil,
        newColumns: NewColumns? = nil
    ) {
        self.into = into
        self.columns = columns
        self.leftOut = leftOut
        self.filter = filter
        self.newColumns = newColumns
    }

    /// For a sender of these columns: without choices.
    /// - Parameter unmet: names columns here of which nothing can be made.
    func chosen(among columns: [String], unmet: inout [String: [String]]) -> RowMapping {
        var mapping = self
        for (name, source) in self.columns {
            guard case .firstOf(let texts) = source else { continue }
            if let text = texts.first(where: columns.contains) ?? texts.first(where: { !Source.isName($0) }) {
                mapping.columns[name] = .expression(text)
            } else {
                unmet[name] = texts
            }
        }
        return mapping
    }

    /// Whether it says nothing.
    public var isEmpty: Bool { isPlain && newColumns == nil }

    /// Whether rows are stored as they come.
    var isPlain: Bool { into == nil && columns.isEmpty && leftOut.isEmpty && filter == nil }
}

/// What is computed of each row by the receiver's database.
public struct RowComputation: Hashable, Sendable {
    public struct Value: Hashable, Sendable {
        /// As it travels; its type is that of the receiver's column.
        public var column: Column
        public var source: RowMapping.Source

        public init(column: Column, source: RowMapping.Source) {
            self.column = column
            self.source = source
        }
    }

    public var values: [Value]
    public var filter: String?

    public init(values: [Value], filter: String?) {
        self.values = values
        self.filter = filter
    }

    public var isEmpty: Bool { values.isEmpty && filter == nil }

    /// Whether something may be computed of a column of the sender: its name is in it.
    func mayUse(_ column: String) -> Bool {
        let name = column.lowercased()
        // Any other one is in quotes.
        let isWord = name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        let texts = values.compactMap { value -> String? in
            switch value.source {
            case .expression(let text): text
            case .lookup(let lookup): lookup.by
            case .constant, .firstOf: nil
            }
        }
        return (texts + [filter ?? ""]).map { $0.lowercased() }.contains { text in
            isWord
                ? text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { $0 == name }
                : text.contains(name)
        }
    }

    /// Of the values.
    public var lookups: [RowMapping.Lookup] {
        values.compactMap { if case .lookup(let lookup) = $0.source { lookup } else { nil } }
    }

    /// Why a row waits of which something cannot be computed.
    /// - Parameter error: the database's own word, which names no column.
    public func failure(_ error: String) -> String {
        let names = values.map { "\"\($0.column.name)\"" } + (filter == nil ? [] : ["where"])
        return "\(names.joined(separator: ", ")) of the mapping cannot be computed: \(error)"
    }

    /// What becomes of a row of which a lookup does not find one value.
    /// - Parameter number: of the lookup, where it finds nothing; behind those, where it finds several rows.
    public func unfound(_ number: Int) -> ComputedRow? {
        let lookups = lookups
        guard (0..<2 * lookups.count).contains(number) else { return nil }
        let lookup = lookups[number % lookups.count]
        let isMissing = number < lookups.count
        let rows = isMissing ? "no row" : "several rows"
        return .failed(
            reason: "table \"\(lookup.table)\" has \(rows) whose \(lookup.match) is the row's \(lookup.by)",
            lacksParent: isMissing)
    }
}

/// What became of one row of a computation.
public enum ComputedRow: Hashable, Sendable {
    /// The values' fields in COPY text, with tabs between.
    case values(ArraySlice<UInt8>)
    /// It does not fulfil the filter.
    case leftOut
    /// - Parameter lacksParent: whether what comes later may mend it.
    case failed(reason: String, lacksParent: Bool = false)
}

/// What may be spent on computing values of a table's rows in one batch: who sends them says neither how long it takes nor how
/// much comes of it.
public struct ComputingBudget: Sendable {
    /// While nothing is computed.
    private var left: Duration
    private var beganAt: ContinuousClock.Instant?
    /// Of what is computed.
    private var bytes = 64 << 20

    init(_ patience: Duration) { left = patience }

    mutating func begin() { beganAt = .now }

    mutating func end() { (left, beganAt) = (timeLeft, nil) }

    public var timeLeft: Duration { left - (beganAt.map { .now - $0 } ?? .zero) }

    /// - Parameter bytes: of what was computed since the last call.
    /// - Returns: why no more is; nil: it may go on.
    public mutating func spend(_ bytes: Int) -> ComputedRow? {
        self.bytes -= bytes
        if self.bytes < 0 { return Self.tooMuch }
        return timeLeft > .zero ? nil : Self.tooSlow
    }

    public static let tooMuch = ComputedRow.failed(
        reason: "what the mapping makes of the rows of its batch is over 64 MiB")
    public static let tooSlow = ComputedRow.failed(
        reason:
            "computing what the mapping says of the rows of its batch takes too long; it is tried again by itself. A table in which values are looked up needs an index on the column that is compared"
    )
}

/// What a receiver's database computes for its mappings, within the transaction that the engine holds.
public protocol RowComputer {
    /// How tables of other offices are stored in this one.
    func mappingRules() throws(StoreError) -> MappingRules
    /// Whether there is no table of this name here, or Trunkline made it.
    func isMissingOrMade(_ table: TableName) throws(StoreError) -> Bool
    /// The columns of a table of this office, as they travel; nil: there is none.
    func columns(of table: TableName) throws(StoreError) -> [Column]?
    /// The columns of the table of this office that takes rows of this shape, as they travel; nil: there is none.
    func columns(taking table: TableHeader, of stream: StreamID) throws(StoreError) -> [Column]?
    /// The columns that a table of this office lacks; nil: there is no such table, or it lacks none.
    /// - Parameter table: as its rows are to be stored.
    func missingColumns(of table: TableHeader) throws(StoreError) -> MissingColumns?
    /// Adds columns, nullable and of the types that they travel in, to a table of this office that lacks them.
    /// - Returns: why they cannot be; nil: they were.
    func add(_ columns: [Column], to table: TableName) throws(StoreError) -> String?
    /// Why nothing can be computed of rows of this shape; nil: it can.
    func problem(of computation: RowComputation, over table: TableHeader) throws(StoreError) -> String?
    /// How long may be computed of one batch, so that others wait no longer.
    var computingPatience: Duration { get }
    /// - Precondition: there is no problem.
    /// - Returns: one for each line of the group; those of which nothing could be computed within the budget failed.
    func compute(
        _ computation: RowComputation, of group: LineGroup, in stream: StreamID, within budget: inout ComputingBudget
    ) throws(StoreError) -> [ComputedRow]
    /// The one name that a table has here, of all under which a sender may know it.
    func canonical(_ table: TableName) -> TableName
}
