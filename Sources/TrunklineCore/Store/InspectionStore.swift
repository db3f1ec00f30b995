public import FoundationEssentials

/// What people and scripts ask an office's database.
public protocol InspectionStore: Sendable {
    func status() async throws(StoreError) -> [StreamStatus]

    /// Whether the services could work: needs what they need of the database, and changes nothing.
    /// - Throws: when they could not, as when another program holds a lock on the whole of it for long.
    func probe() async throws(StoreError)

    /// Rows of a synced table with their sync state, in key order.
    func rows(of table: TableName, matching filter: RowFilter) async throws(StoreError) -> RowListing

    /// The results of a verification that are known here, one a stream (the last round's); empty while none came.
    func verificationResults(_ id: UUID) async throws(StoreError) -> [VerificationResult]

    /// The head's tables that hold rows of a branch, without these. One that may not be read is not among them.
    func tablesHoldingRows(of branch: OfficeID, besides tables: [TableName]) async throws(StoreError) -> [TableName]
}

extension InspectionStore {
    /// For a database that no single program can lock: whoever can look can work.
    public func probe() async throws(StoreError) {}
}

/// One stream as `trunkline status` shows it.
public struct StreamStatus: Hashable, Sendable, Codable {
    public enum Direction: String, Sendable, Codable { case sending, receiving }

    public var stream: StreamID
    public var direction: Direction
    public var epoch: UUID?
    /// Changes not yet sent (sending; a table whose rows are still being loaded counts as one more), or parked batches
    /// (receiving).
    public var pending: Int
    /// Sent and unacked: changes and batches.
    public var inFlightChanges: Int
    public var inFlightBatches: Int
    /// Rows and deletes of the batches that the receiver has committed, those that it set aside among them, since the
    /// stream began: the same number at both ends, once the last ack has come.
    public var ackedRows: Int
    public var setAside: Int
    /// Where they are, as far as it is known here.
    public var setAsideTables: [TableName] = []
    /// Those of them of which nothing is stored, whatever comes: each counts as one row.
    public var untakenTables: [TableName] = []
    /// The last batch acked (sending) or committed (receiving).
    public var watermark: Int64
    /// The last batch formed (sending); equals `watermark` when receiving.
    public var lastFormed: Int64
    /// Age of the oldest change that is not acked, in seconds.
    public var oldestUnackedSeconds: Double?
    /// Seconds since the last ack (sending) or batch (receiving) arrived; nil: never.
    public var lastContactSeconds: Double?
    /// Why the stream is stopped; nil while it runs.
    public var stopped: String?
    /// Why the receiver stores nothing of the stream for now, though it keeps on trying; nil while it does store.
    public var held: String?
    /// After a database was restored, until both sides agree again (sending).
    public var recovery: RecoveryMode?
    /// What the last recovery did, and whether both sides agreed in the end (sending); nil: there was none.
    public var lastRecovery: RecoveryReport?

    /// Whether its receiver is of a version that does not understand shared tables, which wait (sending).
    public var awaitsUpgrade = false

    /// In what its tables differ at the two ends.
    public var differences: [TableDifference] = []

    /// By how many seconds its sender's clock is ahead of this office's (receiving); nil: it is not, as far as is known.
    public var clockAheadSeconds: Double?

    /// The synced tables that stand still while the others go on (sending): never is all well while there is one.
    public var standing: [StandingTable] = []

    /// Why nothing travels, until someone decides; nil while it does.
    public var standstill: String? {
        stopped ?? held.map { "it is held, and tried again by itself: \($0)" }
            ?? (recovery == .compare ? "both sides were compared after a restore, and it waits for a decision" : nil)
    }

    public init(stream: StreamID, direction: Direction) {
        self.stream = stream
        self.direction = direction
        pending = 0
        inFlightChanges = 0
        inFlightBatches = 0
        ackedRows = 0
        setAside = 0
        watermark = 0
        lastFormed = 0
    }
}

/// A synced table of which nothing travels, or of which something may have been missed.
public struct StandingTable: Hashable, Sendable, Codable {
    public var table: TableName
    /// Why, and what mends it.
    public var reason: String

    public init(table: TableName, reason: String) {
        self.table = table
        self.reason = reason
    }
}

/// The sync state of a row, as its owner sees it.
public enum RowState: String, Sendable, Codable, CaseIterable {
    case pending, sent, acked
    case setAside = "set aside"
    /// At the head: its route, or the table's condition, sends it to no branch.
    case unrouted = "no branch"
}

public struct RowFilter: Hashable, Sendable {
    /// Empty: every state. A row that others sent is `acked` or `set aside`.
    public var states: Set<RowState>
    /// At the head: only this branch's rows.
    public var branch: OfficeID?
    public var limit: Int

    public init(states: Set<RowState> = [], branch: OfficeID? = nil, limit: Int = 100) {
        self.states = states
        self.branch = branch
        self.limit = limit
    }
}

public struct RowListing: Hashable, Sendable, Codable {
    public var columns: [String]
    public var rows: [Row]
    /// Of set-aside rows of a table that is not there: who sent it, and its key as JSON.
    public static let keyColumns = ["branch_id", "key"]

    /// Why the table stands still, so that the states are not certain.
    public var standing: String?

    public struct Row: Hashable, Sendable, Codable {
        public var state: RowState
        /// In the order of `columns`; only the key's are known of a row that is gone.
        public var values: [String?]
        /// The row is deleted here and the delete is not acked yet.
        public var deleted: Bool
        /// Why it was set aside.
        public var reason: String?

        public init(state: RowState, values: [String?], deleted: Bool = false, reason: String? = nil) {
            self.state = state
            self.values = values
            self.deleted = deleted
            self.reason = reason
        }
    }

    public init(columns: [String], rows: [Row]) {
        self.columns = columns
        self.rows = rows
    }

    /// A line that another office sent of a table which this office sends itself, and that is not taken.
    public struct SetAsideLine: Sendable {
        public var sender: OfficeID
        public var line: ReceivedLine
        public var reason: String

        public init(sender: OfficeID, line: ReceivedLine, reason: String) {
            self.sender = sender
            self.line = line
            self.reason = reason
        }
    }

    /// Adds such lines.
    /// - Parameter limit: of all rows.
    public mutating func add(_ lines: [SetAsideLine], atMost limit: Int) {
        for one in lines.prefix(max(0, limit - rows.count)) {
            rows.append(
                Row(
                    state: .setAside, values: one.line.values(of: columns), deleted: one.line.isDelete,
                    reason: "sent by \(one.sender): \(one.reason)"))
        }
    }
}
