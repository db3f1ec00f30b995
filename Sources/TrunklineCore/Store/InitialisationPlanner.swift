/// Says what ``AdministrationStore/initialise(_:)`` would do, and changes nothing.
public protocol InitialisationPlanner: Sendable {
    /// What the selection means in this database now, and what is in the way of it.
    ///
    /// ``TableSelection/all(except:)`` is every table with a primary key, without the bookkeeping's and without the
    /// partitions of a table that is there itself; tables that cannot be synced are named in the warnings.
    /// - Parameters:
    ///   - mapped: how the rows of others are to be stored.
    ///   - countingRows: whether the rows of the tables that are new are counted, which reads them.
    func planInitialisation(
        _ selection: TableSelection, mapped: [MappedTableRule], countingRows: Bool
    ) async throws(StoreError) -> InitialisationPlan

    /// A row of a table that this office writes as it would travel now, and where to, by the table's rule as it is given; nil:
    /// there is none of that key.
    /// - Parameter key: its values in the key's order, as texts.
    /// - Throws: ``StoreError`` `.table` where the table, or the rule, does not fit.
    func outgoing(_ key: [String], by rule: TableRule) async throws(StoreError) -> OutgoingRow?

    /// A table that this office writes as it would travel now, and how much of it where to, by the table's rule as it is
    /// given. It reads the whole table.
    /// - Throws: ``StoreError`` `.table` where the table, or the rule, does not fit.
    func outgoing(_ rule: TableRule) async throws(StoreError) -> OutgoingTable

    /// The tables whose changes are captured here.
    func capturedTables() async throws(StoreError) -> [TableName]
}

/// A table as it would travel.
public struct OutgoingTable: Hashable, Sendable, Codable {
    /// What one office gets: in its first load all of it, then what changes of that.
    public struct Share: Hashable, Sendable, Codable {
        public var office: OfficeID
        public var rows: Int

        public init(office: OfficeID, rows: Int) {
            self.office = office
            self.rows = rows
        }
    }

    public var key: [String]
    public var columns: [Column]
    /// Here.
    public var rows: Int
    /// Of the offices that are known here.
    public var shares: [Share]

    public init(key: [String], columns: [Column], rows: Int, shares: [Share]) {
        self.key = key
        self.columns = columns
        self.rows = rows
        self.shares = shares
    }
}

/// A row as it would travel.
public struct OutgoingRow: Hashable, Sendable, Codable {
    public var columns: [Column]
    /// In their order, as the texts that travel.
    public var values: [String?]
    /// The offices that get it.
    public var destinations: [OfficeID]
    /// Why it does not travel, or is set aside where it arrives; nil: nothing is known against it here.
    public var problem: String?

    public init(columns: [Column], values: [String?], destinations: [OfficeID], problem: String? = nil) {
        self.columns = columns
        self.values = values
        self.destinations = destinations
        self.problem = problem
    }

    /// - Returns: as many texts as the key has columns.
    public static func check(_ key: [String], of table: TableName, _ columns: [String]) throws(StoreError) {
        guard key.count != columns.count else { return }
        throw StoreError(
            .table, operation: "plan", subject: "table \"\(table)\"",
            reason:
                "its key has \(columns.count) column\(columns.count == 1 ? "" : "s"), and \(key.count) value\(key.count == 1 ? " was" : "s were") given",
            hint: "give one --key for each of \(columns.joined(separator: ", ")), in this order")
    }
}

/// What `trunkline init` would do at a branch.
public struct InitialisationPlan: Hashable, Sendable, Codable {
    /// Whether there is no bookkeeping yet.
    public var createsBookkeeping: Bool
    public var tables: [Table]
    /// Tables that would be captured no more.
    public var released: [TableName]
    /// Why it would be refused: one for each unfit table, with the way out.
    public var refusals: [String]
    public var warnings: [String]

    public struct Table: Hashable, Sendable, Codable {
        public var name: TableName
        public var key: [String]
        /// Whether its capture would begin now.
        public var isNew: Bool
        /// Rows that would become pending; nil: not counted, or none since the table is captured already.
        public var rows: Int?
        /// Whether it would be shared now, or by another policy: its rows and the head's would join.
        public var joins = false
        /// Whether it is shared already, so that its rows have versions.
        public var isShared = false
        /// What the triggers that would be made watch, as `insert` or `truncate`.
        public var triggers: [String]

        public init(name: TableName, key: [String], isNew: Bool, rows: Int?, triggers: [String]) {
            self.name = name
            self.key = key
            self.isNew = isNew
            self.rows = rows
            self.triggers = triggers
        }
    }

    public init(
        createsBookkeeping: Bool = false, tables: [Table] = [], released: [TableName] = [], refusals: [String] = [],
        warnings: [String] = []
    ) {
        self.createsBookkeeping = createsBookkeeping
        self.tables = tables
        self.released = released
        self.refusals = refusals
        self.warnings = warnings
    }
}

extension InitialisationPlanner {
    /// Of an office that stores the rows of others as they come.
    public func planInitialisation(
        _ selection: TableSelection, countingRows: Bool
    ) async throws(StoreError) -> InitialisationPlan {
        try await planInitialisation(selection, mapped: [], countingRows: countingRows)
    }
}
