/// An office's database, as the services and the command-line tool see it.
///
/// - The database is authoritative for everything: a store keeps nothing in memory that matters
///   after a crash, and any number of stores of one database may be in use, in one process or many.
/// - Connects by itself at the first call. A call that finds the connection lost throws a
///   transient ``StoreError``; the next call connects anew.
/// - Every state change is one transaction, guarded so that two processes cannot both win.
/// - The application's own writes are never made to wait longer than a short bookkeeping
///   statement takes; no call holds a lock on a synced table that would stop a writer.
public typealias OfficeStore = AdministrationStore & InitialisationPlanner & SenderStore & ReceiverStore
    & InspectionStore
    & ServiceNoteStore & RepairStore & ConflictStore

/// Setting an office up.
public protocol AdministrationStore: Sendable {
    /// Creates or upgrades the bookkeeping, the capture of the tables that this office writes, and its streams: of a branch
    /// one to the head, of a head that writes tables one to each of its branches. May be run again at any time: what is
    /// there stays, missing triggers are made anew, tables that left the list are captured no more, rows of a table that
    /// joins it become pending.
    ///
    /// - Throws: ``StoreError`` `.table`, naming every unfit table (missing, or without a primary
    ///   key) and the way out, before anything is changed.
    func initialise(_ setup: OfficeSetup) async throws(StoreError) -> InitialisationReport

    /// Notes at a branch, until the next ``initialise(_:)``, which tables it is about to share, so that a verification
    /// compares them. Nothing else is changed.
    func plan(_ tables: [PlannedTable]) async throws(StoreError)

    /// Whose bookkeeping it is.
    func owner() async throws(StoreError) -> OfficeID

    /// Records a branch at the head, with the broker's user that speaks for it, and begins the stream to it, with a load of
    /// all that is for it. Of a branch that was already there it replaces the user.
    /// - Returns: false when it was already there.
    func addBranch(_ branch: OfficeID, brokerUser: String) async throws(StoreError) -> Bool
    /// The head's record of a branch; nil: nobody added it.
    func branch(_ id: OfficeID) async throws(StoreError) -> Branch?
    /// The branches that the head knows, by name.
    func branches() async throws(StoreError) -> [Branch]
    /// Notes whether the head refuses what the branch sends.
    /// - Returns: false when nobody added the branch.
    func setSuspended(_ isSuspended: Bool, branch: OfficeID) async throws(StoreError) -> Bool
    /// Forgets who the branch is, and ends the stream to it; its rows and the stream from it stay.
    /// - Returns: false when nobody added the branch.
    func removeBranch(_ branch: OfficeID) async throws(StoreError) -> Bool

    /// Marks every row of the table (nil: of all that this office writes) as pending, for all streams that it is for, or
    /// for one.
    /// - Returns: rows marked.
    func resync(_ table: TableName?, to branch: OfficeID?) async throws(StoreError) -> Int

    /// Waits until there may be news of this kind, or until `timeout`. May return early; a missed
    /// wake-up is possible, so callers look again at least every few seconds.
    func wait(for news: StoreNews, within timeout: Duration) async throws(StoreError)

    /// Closes the connections; a later call opens them again.
    func close() async
}

extension AdministrationStore {
    /// The way out for who wants a table sent again that this office does not send.
    public static var resyncHint: String {
        "one that comes from elsewhere is sent again there; one of this office: add it to tables, and run trunkline init"
    }
}

/// What an office is, as `init` needs to know it.
public struct OfficeSetup: Hashable, Sendable {
    public var office: OfficeID
    public var role: OfficeRole
    /// The synced tables of both directions.
    public var tables: [TableRule]
    /// Whether tables of others that its database does not have are made, though no rule names them.
    public var acceptsNew: Bool
    /// What becomes of columns that its tables do not have, where a table says nothing else; nil: see ``MappingRules``.
    public var newColumns: NewColumns?
    /// By how much the clock of another office may be ahead before its versions of shared rows are not believed.
    public var clockTolerance: Duration

    public static let clockTolerance = Duration.seconds(300)

    public init(
        office: OfficeID, role: OfficeRole, tables: [TableRule], acceptsNew: Bool = false,
        newColumns: NewColumns? = nil, clockTolerance: Duration = OfficeSetup.clockTolerance
    ) {
        self.office = office
        self.role = role
        self.tables = tables
        self.acceptsNew = acceptsNew
        self.newColumns = newColumns
        self.clockTolerance = clockTolerance
    }

    /// With tables that the branches write.
    @_disfavoredOverload
    public init(office: OfficeID, role: OfficeRole, tables: [TableName]) {
        self.init(office: office, role: role, tables: tables.map { TableRule($0) })
    }

    /// The tables that this office writes: their changes are captured.
    public var captured: [TableRule] { tables.filter { $0.direction.isWritten(by: role) } }
    /// The only tables in which it stores what others send, but for shared ones. None at the head: any that it does not
    /// write.
    public var accepted: [TableRule] { tables.filter { !$0.direction.isWritten(by: role) } }
    /// Those of them whose rows are stored otherwise than they come.
    public var mapped: [MappedTableRule] {
        accepted.compactMap { rule in rule.mapping.map { MappedTableRule(name: rule.name, mapping: $0) } }
    }

    /// How all of them are.
    public var mappingRules: MappingRules {
        MappingRules(
            tables: Dictionary(mapped.map { ($0.name, $0.mapping) }, uniquingKeysWith: { first, _ in first }),
            newColumns: newColumns)
    }

    /// How a table of this office's takes the rows of others; nil: that depends on which tables its database has.
    public func acceptance(of target: TableName) -> TableAcceptance? {
        if let rule = captured.first(where: { $0.name.isSpelled(like: target) }) {
            return rule.conflict.map { .shared(policy: $0.description) } ?? .written
        }
        if accepted.contains(where: { $0.target.isSpelled(like: target) }) { return .accepted }
        if acceptsNew || role == .branch && tables.isEmpty { return nil }
        return role == .head && accepted.isEmpty ? .accepted : .unlisted
    }
}

/// What ``AdministrationStore/initialise(_:)`` did.
public struct InitialisationReport: Hashable, Sendable, Codable {
    /// Whether the bookkeeping was created now (not: found).
    public var created: Bool
    /// Tables whose capture began now, with the number of rows that became pending.
    public var captured: [TableName: Int]
    /// Tables whose capture ended now.
    public var released: [TableName]
    /// What a user should know: a `DELETE CASCADE` that is not seen, a partition without a trigger, …
    public var warnings: [String]

    public init(created: Bool, captured: [TableName: Int], released: [TableName], warnings: [String]) {
        self.created = created
        self.captured = captured
        self.released = released
        self.warnings = warnings
    }
}

/// What a service can wait for in its database.
public enum StoreNews: Hashable, Sendable {
    /// A change was captured, or a batch became pending, or acks made room in the window (the publisher waits for it).
    case changes
    /// An ack became pending (the acker waits for it).
    case acks
}

extension AdministrationStore {
    /// - Throws: ``StoreError`` `.configuration` where the database is another office's: its configuration beside that
    ///   database would look as if all were well, and do nothing.
    public func requireOwner(_ office: OfficeID) async throws(StoreError) {
        let owner = try await owner()
        guard owner != office else { return }
        throw StoreError(
            .configuration, operation: "use the bookkeeping", subject: "office \"\(office)\"",
            reason: "this database belongs to the office \"\(owner)\"", hint: "correct office.id or database.url")
    }
}
