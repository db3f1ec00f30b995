/// What the head keeps of conflicts over shared tables.
public protocol ConflictStore: Sendable {
    /// Those that match, the newest first.
    func conflicts(matching filter: ConflictFilter) async throws(StoreError) -> [ConflictRecord]
    /// One of them; nil: there is none of that number.
    func conflict(_ id: Int64) async throws(StoreError) -> ConflictRecord?
    /// How many wait for somebody to decide.
    func waitingConflicts() async throws(StoreError) -> Int
}

/// A conflict as the head keeps it.
public struct ConflictRecord: Hashable, Sendable, Codable {
    public var id: Int64
    /// When it was found, ISO 8601 in UTC.
    public var at: String
    public var conflict: Conflict
    /// When somebody decided over it; nil: nobody did.
    public var resolvedAt: String?
    /// What was decided, in words.
    public var resolution: String?

    /// Whether it waits for somebody to decide.
    public var isWaiting: Bool { conflict.outcome == .waiting && resolvedAt == nil }

    public init(id: Int64, at: String, conflict: Conflict, resolvedAt: String?, resolution: String?) {
        self.id = id
        self.at = at
        self.conflict = conflict
        self.resolvedAt = resolvedAt
        self.resolution = resolution
    }

    /// For so many days one is kept that nobody need decide over any more; one that waits is kept until then.
    public static let retentionDays = 90
}

public struct ConflictFilter: Hashable, Sendable {
    /// Only those that wait.
    public var isWaiting: Bool
    public var table: TableName?
    public var branch: OfficeID?
    /// Only those with lower numbers; nil: all.
    public var before: Int64?
    public var limit: Int
    /// Whether the rows' images are wanted, which may be large.
    public var withImages: Bool

    public init(
        isWaiting: Bool = false, table: TableName? = nil, branch: OfficeID? = nil, before: Int64? = nil,
        limit: Int = 100, withImages: Bool = true
    ) {
        self.withImages = withImages
        self.isWaiting = isWaiting
        self.table = table
        self.branch = branch
        self.before = before
        self.limit = limit
    }
}

/// How long the delete of a shared row is remembered, so that a change of it from elsewhere is known for a conflict.
public enum DeleteMemory {
    /// At the head, and until every branch was heard of within a day.
    public static let daysAtHead = 30
    /// At a branch: longer, so that what it makes anew is known for that.
    public static let daysAtBranch = 60
}

/// What somebody decides over a conflict.
public enum ConflictChoice: Hashable, Sendable {
    /// The head's row stays as it is.
    case head
    /// The branch's image takes its place.
    case branch
    /// The head's row, with these values.
    case set([String: String?])

    /// In words, for the record.
    public var description: String {
        switch self {
        case .head: "head"
        case .branch: "branch"
        case .set(let values):
            values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value ?? "NULL")" }.joined(separator: ", ")
        }
    }
}

extension ReceiverStore {
    /// Decides over a conflict, at the head: what comes of it is a change like any other, and travels.
    /// - Parameter anyway: even if the row is another one now than both of them were.
    /// - Throws: `.configuration` when there is none of that number, it was decided over, or
    ///   the row was changed since (unless `anyway`); `.table` when the row cannot be
    ///   stored.
    public func resolve(_ id: Int64, _ choice: ConflictChoice, anyway: Bool = false) async throws(StoreError) {
        try await receiving("resolve conflict", "conflict \(id)") { (transaction) throws(StoreError) in
            try ConflictResolution(books: transaction, sink: transaction).run(id, choice, anyway: anyway)
        }
    }

    /// How the head's row is now that a conflict was over, if it was changed since to what neither side had.
    /// - Returns: nil: it was not, or its table is not shared any more.
    public func changeSince(_ conflict: Conflict) async throws(StoreError) -> ChangeSinceConflict? {
        try await receiving("look at conflict", "table \"\(conflict.table)\"") { (transaction) throws(StoreError) in
            try ConflictResolution(books: transaction, sink: transaction).changeSince(conflict)
        }
    }
}

/// What became of a row after a conflict was over it.
public struct ChangeSinceConflict: Hashable, Sendable {
    /// nil: it is deleted.
    public var image: Conflict.Image?
}
