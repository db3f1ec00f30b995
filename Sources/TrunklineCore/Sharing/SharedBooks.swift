/// What an office keeps of the rows that it shares, within one transaction that the engine holds.
///
/// Each method is a statement or two and decides nothing. What happens in which order is ``ReceiverEngine``'s.
public protocol SharedBooks {
    /// The office's wall clock, in milliseconds since 1970.
    func wallClock() throws(StoreError) -> Int64
    /// By how many milliseconds the clock of another office may be ahead.
    func clockTolerance() throws(StoreError) -> Int64
    /// Notes by how many milliseconds the clock of a stream's sender is ahead; nil: it is not, as far as is known.
    func note(clockAhead: Int64?, _ stream: StreamID) throws(StoreError)
    /// How this office has it that conflicts over the table are decided.
    func policy(of table: TableName) throws(StoreError) -> ConflictPolicy
    /// At the head: what is known of rows, and of the last changes of a branch to them; in the order of the keys.
    func sharedRows(of keys: [RowKey], _ table: TableHeader, _ branch: OfficeID) throws(StoreError) -> [SharedRowState]
    /// What this office knows of its rows, in the order of the keys.
    /// - Parameter locking: nobody changes them until the transaction ends; one that somebody is changing just now is
    ///   unknown. Nobody is waited for, who may wait for us.
    func localVersions(of keys: [RowKey], _ table: TableHeader, locking: Bool) throws(StoreError) -> [LocalVersion?]
    /// Whether this database can hold the texts of a key: one whose encoding is not UTF-8 may not.
    func canKeep(_ key: RowKey) throws(StoreError) -> Bool
    /// At a branch: why rows of the table that nobody has changed since it is shared cannot travel, by their keys as its lines
    /// have them: nobody else has seen them.
    func refusedRows(of table: TableName) throws(StoreError) -> [RowKey: String]
    /// At a branch: whether the head has not seen yet all that was in the table when it began to be shared.
    func isUnseen(_ table: TableName) throws(StoreError) -> Bool
    /// At the head: since when it shares the table without a break, in milliseconds since 1970; 0: nobody noted it.
    func sharedSince(_ table: TableName) throws(StoreError) -> Int64
    /// Runs `body`, whose writes are not changes of this office: the triggers of shared tables give them no version.
    ///
    /// What other programs changed meanwhile is seen by the next statement.
    /// - Parameter body: what it did is undone where it returns nil.
    func merging<Value>(_ body: () throws(StoreError) -> Value?) throws(StoreError) -> Value?
    /// Notes the versions of rows as they are now: from now on they have no change of this office that others lack.
    func note(_ versions: [NotedVersion], _ table: TableHeader) throws(StoreError)
    /// At the head: notes the last changes of a branch that were looked at.
    func note(_ changes: [(key: RowKey, change: AppliedChange)], _ table: TableHeader, _ branch: OfficeID)
        throws(StoreError)
    /// At the head: lets a branch be told of rows.
    /// - Parameter onlyRouted: of a table whose rows are for all branches nothing.
    func answer(_ keys: [RowKey], _ table: TableHeader, _ branch: OfficeID, onlyRouted: Bool) throws(StoreError)
    /// At the head: how many conflicts with a branch are kept, and the bytes of them.
    func conflictSize(_ branch: OfficeID) throws(StoreError) -> (rows: Int, bytes: Int)
    /// At the head: keeps conflicts.
    func keep(_ conflicts: [Conflict]) throws(StoreError)
    /// At the head: a conflict, which nobody else decides over meanwhile; nil: there is none of that number.
    func lockConflict(_ id: Int64) throws(StoreError) -> ConflictRecord?
    /// At the head: notes what somebody decided.
    func noteResolved(_ id: Int64, _ resolution: String) throws(StoreError)
    /// How this office's own table looks.
    func header(of table: TableName) throws(StoreError) -> TableHeader
    /// At a branch: lets all that is in its shared tables travel up the stream once more, with its versions.
    func joinAnew(_ stream: StreamID) throws(StoreError)
    /// At the head: notes which tables a branch has joined in its epoch; those that are new there go down to it whole.
    func noteJoined(_ tables: [JoinedTable], _ header: BatchHeader) throws(StoreError)
}

/// What a branch knows of a row of its own.
public struct LocalVersion: Hashable, Sendable {
    /// nil: it was not changed since its table is shared.
    public var version: RowVersion?
    /// Whether there is a change of this branch that the head has not answered.
    public var isDirty: Bool
    /// Of such a row: ``RowBase/since``.
    public var since: Int64?

    public init(version: RowVersion?, isDirty: Bool, since: Int64? = nil) {
        self.version = version
        self.isDirty = isDirty
        self.since = since
    }

    /// Whether what the head says of the row was made of this branch's last change of it.
    func isIn(_ stamp: RowStamp) -> Bool {
        guard let applied = stamp.applied, stamp.since == since else { return false }
        return applied >= version?.clock ?? 0
    }
}

/// The version of a row as it is now.
public struct NotedVersion: Hashable, Sendable {
    public var key: RowKey
    /// nil: it was not changed since its table is shared.
    public var version: RowVersion?
    /// nil: as it was noted before.
    public var isDelete: Bool?
    /// Whether it is noted only for a row of which no version is known.
    public var onlyIfNone: Bool

    public init(key: RowKey, version: RowVersion?, isDelete: Bool?, onlyIfNone: Bool = false) {
        self.key = key
        self.version = version
        self.isDelete = isDelete
        self.onlyIfNone = onlyIfNone
    }
}
