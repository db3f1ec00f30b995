public import FoundationEssentials

/// The sending side of an office's database: change log, batches, acks.
///
/// States of a batch and their legal exits: `pending → sent → acked`, `sent → pending` (released,
/// or stale), `pending → acked` (an ack that arrives late). `acked` has none; the row is pruned.
public protocol SenderStore: Sendable {
    /// The streams that this office sends: a branch's to the head, the head's to each of its branches.
    func outboundStreams() async throws(StoreError) -> [StreamID]

    /// The streams for which a publisher may have something to do, by name: a batch is pending, there are changes or rows
    /// that belong to none, a verification is wished for, a stop is to be told, or nothing was heard of the receiver for
    /// long. One look for all of them; a stream that is stopped, whose window is full, or whose branch is suspended, is
    /// not among them.
    /// - Parameter silence: as of ``formIdleBatch(of:after:)``; nil: never.
    func streamsWithWork(window: Int, silence: Duration?) async throws(StoreError) -> [StreamID]

    /// The streams for which a reaper may have something to do, in one look.
    /// - Parameter age: how long ago a batch must have been sent (or, by a clock that was set back, in the future).
    func streamsToReap(olderThan age: Duration) async throws(StoreError) -> [ReapableStream]

    /// The next batch to send, marked `sent` now: the lowest pending one, else one formed from the
    /// changes that are visible now and belong to no earlier batch.
    ///
    /// - Parameters:
    ///   - window: the most batches that may be `sent` and unacked at once.
    ///   - changes: the most changes that a newly formed batch covers.
    /// - Returns: nil when there is nothing to send, when the window is full, or when the stream is stopped.
    func claimBatch(of stream: StreamID, window: Int, changes: Int) async throws(StoreError) -> ClaimedBatch?

    /// Reads the current images of the keys that a claimed batch covers, all in one snapshot taken
    /// after the claim. Tables in foreign-key order; a key appears once, as a row or as a delete.
    func readBatch(_ batch: ClaimedBatch, limits: ReadLimits) async throws(StoreError) -> BatchReading

    /// Makes a claimed batch smaller, whatever its number and however often it was sent: it keeps its number, its id and
    /// its first `changes` changes (at least 1) in the order of the log. The other keys become changes again, behind
    /// everything that is logged (of the newest batch they may simply be free again), in the same transaction; a batch
    /// says only «these keys, now or later», so that a key that is looked at twice costs no more than another look.
    ///
    /// The claims of verifications that were formed after this batch are not comparable any more: while unacked they are
    /// withdrawn, and what was wished for stands again.
    ///
    /// - Returns: the batch as it is now, with as many changes as before when it had no more than `changes`; nil when this
    ///   claim is not in force any more.
    func splitBatch(_ batch: ClaimedBatch, keeping changes: Int) async throws(StoreError) -> ClaimedBatch?

    /// `sent → pending` at once, because the broker did not take it; only if this claim is still in force.
    func releaseBatch(_ batch: ClaimedBatch) async throws(StoreError)

    /// Notes how large the batch was when it was sent (rows and deletes; bytes on the wire), for people.
    func noteSent(_ batch: ClaimedBatch, rows: Int, bytes: Int) async throws(StoreError)

    /// Takes an ack, as ``AckDecision`` says: batches through its watermark become `acked`, the list of set-aside
    /// rows is replaced if its version is newer, a result that belongs to a recovery moves that on. Idempotent.
    func recordAck(_ ack: Ack) async throws(StoreError) -> AckOutcome

    /// The notice that this database stopped the stream by itself, which the receiver is still to be told; else nil.
    func pendingHalt(of stream: StreamID) async throws(StoreError) -> Halt?

    /// The broker has the notice.
    func haltPublished(_ halt: Halt) async throws(StoreError)

    /// Begins a new epoch, which replaces those that this database or its receiver followed: unacked batches are
    /// dissolved, their changes are free again, and a verification is requested whose result moves the recovery on.
    ///
    /// - Parameter newKeys: in ``RecoveryMode/keepHead``, whether rows that this database did not have when the last ack
    ///   came, and whose keys the receiver has too, go to it once more under new keys.
    /// - Throws: `.configuration` when the stream is neither stopped nor in a recovery that waits for a decision.
    func beginRecovery(of stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) async throws(StoreError)

    /// The recovery that the stream is in; nil in ordinary times.
    func recovery(of stream: StreamID) async throws(StoreError) -> RecoveryState?

    /// `sent → pending` for batches of the stream that were sent before `reference` minus their
    /// time-out, and not acked. The time-out doubles at each attempt up to a ceiling, with jitter.
    /// - Parameter quietFor: for how long the link has been up and the receiver had taken all;
    ///   a batch is stale only when both its own age and this exceed its time-out.
    /// - Returns: how many.
    func resetStale(of stream: StreamID, policy: StalePolicy, quietFor: Duration) async throws(StoreError) -> Int

    /// Deletes acked batches and the change-log rows that no stream needs any more, one batch at a time. While other
    /// batches of the stream are unacked it leaves those alone that were acked in the last minute: a backlog drains first.
    /// - Returns: batches pruned; call again while it is not 0.
    func prune(_ stream: StreamID) async throws(StoreError) -> Int

    /// Deletes what the streams share of the change log as far as none of them needs it, and compacts what only streams
    /// that are far behind need: at most one change a key.
    /// - Returns: whether there was anything.
    func pruneShared() async throws(StoreError) -> Bool

    /// Records the wish for a verification of the stream; once more with the same id does nothing.
    func requestVerification(_ request: VerificationRequest) async throws(StoreError)

    /// When all is acked and nothing was heard of the receiver for `silence`: a batch without changes. Its answer shows
    /// whether the receiver still is where it was. No second one is formed before the first is acked.
    /// - Returns: whether there was cause.
    func formIdleBatch(of stream: StreamID, after silence: Duration) async throws(StoreError) -> Bool

    /// Whether ``formVerification(of:)`` would find something to do, which it may take long for.
    func isVerificationDue(of stream: StreamID) async throws(StoreError) -> Bool

    /// If a verification is requested: in one snapshot, batches everything that is visible now and
    /// adds a batch that carries the digests of the synced tables as of that snapshot.
    /// - Returns: whether there was one.
    func formVerification(of stream: StreamID) async throws(StoreError) -> Bool
}

extension SenderStore {
    /// Without new keys.
    public func beginRecovery(of stream: StreamID, _ mode: RecoveryMode) async throws(StoreError) {
        try await beginRecovery(of: stream, mode, newKeys: false)
    }
}

/// A stream for which a reaper may have something to do.
public struct ReapableStream: Hashable, Sendable {
    public var stream: StreamID
    /// An acked batch is there.
    public var canPrune: Bool
    /// An ack is late.
    public var awaitsAck: Bool

    public init(stream: StreamID, canPrune: Bool, awaitsAck: Bool) {
        self.stream = stream
        self.canPrune = canPrune
        self.awaitsAck = awaitsAck
    }
}

/// A batch that this process may send now.
public struct ClaimedBatch: Hashable, Sendable {
    public var stream: StreamID
    public var epoch: UUID
    public var number: Int64
    public var id: UUID
    public var previousID: UUID?
    /// As ``BatchHeader`` explains them.
    public var acked: Int64
    /// Negative: the whole list is needed.
    public var setAsideVersion: Int64
    public var follows: [UUID]
    public var recovery: RecoveryMode?
    /// As the receiver's last ack says, ``Ack/keepsShapes``.
    public var receiverKeepsShapes: Bool
    /// 1 for the first sending. Names the claim: the batch's later claims have higher attempts.
    public var attempt: Int
    /// How many changes it covers; 0 for a batch that only verifies.
    public var changes: Int
    /// Names what it covers, where that is for all branches: batches of other streams with the same name say the same.
    public var sharedContent: String?
    public var verification: VerificationClaim?
    /// As ``BatchHeader`` explains them.
    public var clock: Int64?
    public var joined: [JoinedTable]
    /// Tables of which the receiver takes no row, as its acks say: their rows stay here until it does.
    public var untaken: Set<TableName>

    public init(
        stream: StreamID, epoch: UUID, number: Int64, id: UUID, previousID: UUID?, acked: Int64 = 0,
        setAsideVersion: Int64 = 0, follows: [UUID] = [], recovery: RecoveryMode? = nil,
        receiverKeepsShapes: Bool = false,
        attempt: Int, changes: Int, sharedContent: String? = nil, verification: VerificationClaim? = nil,
        clock: Int64? = nil, joined: [JoinedTable] = [],
        untaken: Set<TableName> = []
    ) {
        self.stream = stream
        self.epoch = epoch
        self.number = number
        self.id = id
        self.previousID = previousID
        self.acked = acked
        self.setAsideVersion = setAsideVersion
        self.follows = follows
        self.recovery = recovery
        self.receiverKeepsShapes = receiverKeepsShapes
        self.attempt = attempt
        self.changes = changes
        self.sharedContent = sharedContent
        self.verification = verification
        self.clock = clock
        self.joined = joined
        self.untaken = untaken
    }

    /// What goes of these contents, which may be for several streams. Of a table that is not taken it is still said how it
    /// looks, which may be another shape than the receiver did not take.
    public func taken(of tables: [TableContent]) -> [TableContent] {
        guard !untaken.isEmpty else { return tables }
        return tables.map { untaken.contains($0.name) ? $0.withoutRows : $0 }
    }
}

/// Limits of ``SenderStore/readBatch(_:limits:)``.
public struct ReadLimits: Hashable, Sendable {
    /// Stop reading when the rows come to more than this many bytes. It holds for batches of more than one change.
    public var batchBytes: Int
    /// A row of more bytes than this cannot travel: the store sets it aside at the sender, with its reason.
    public var rowBytes: Int

    public init(batchBytes: Int, rowBytes: Int) {
        self.batchBytes = batchBytes
        self.rowBytes = rowBytes
    }
}

/// What ``SenderStore/readBatch(_:limits:)`` found.
public enum BatchReading: Sendable {
    case content([TableContent])
    /// More bytes than the limit; about this many changes would fit (at least 1).
    case tooLarge(fitting: Int)
}

/// When a sent batch is taken for lost.
public struct StalePolicy: Hashable, Sendable {
    public var timeout: Duration
    public var ceiling: Duration

    public init(timeout: Duration, ceiling: Duration) {
        self.timeout = timeout
        self.ceiling = ceiling
    }
}

/// What an ack changed.
public enum AckOutcome: Hashable, Sendable {
    /// - Parameter acked: the batches that became `acked` by it, the lowest number first.
    case recorded(acked: [Acknowledgement])
    /// Of an epoch that is over, or of a stream that is not ours: nothing changed.
    case ignored(reason: String)
    case stopped(reason: String)
    /// The receiver was restored from an older backup: what it lost goes again, in a new epoch.
    case resending
}

/// How far a recovery has come.
public struct RecoveryState: Hashable, Sendable {
    public var mode: RecoveryMode
    /// The verification that it waits for.
    public var verification: UUID
    /// As ``SenderStore/beginRecovery(of:_:newKeys:)`` explains it.
    public var newKeys: Bool
    /// While rows come back that the receiver kept; nil: it compares.
    public var returns: ReturnsState?

    public init(mode: RecoveryMode, verification: UUID, newKeys: Bool = false, returns: ReturnsState? = nil) {
        self.mode = mode
        self.verification = verification
        self.newKeys = newKeys
        self.returns = returns
    }
}

/// The wish for a verification.
public struct VerificationRequest: Hashable, Sendable, Codable {
    public var id: UUID
    public var stream: StreamID
    public var round: Int
    /// Round 2: the buckets whose keys are wanted, by table.
    public var buckets: [TableBuckets]

    public struct TableBuckets: Hashable, Sendable, Codable {
        public var name: TableName
        public var buckets: [Int]
        public var bucketCount: Int

        public init(name: TableName, buckets: [Int], bucketCount: Int) {
            self.name = name
            self.buckets = buckets
            self.bucketCount = bucketCount
        }
    }

    public init(id: UUID, stream: StreamID, round: Int = 1, buckets: [TableBuckets] = []) {
        self.id = id
        self.stream = stream
        self.round = round
        self.buckets = buckets
    }

    /// What to ask after a first round that found differences.
    public init(secondRoundAfter result: VerificationResult) {
        self.init(
            id: result.id, stream: result.stream, round: 2,
            buckets: result.tables.filter { !$0.agrees && $0.problem == nil }.map {
                TableBuckets(name: $0.name, buckets: $0.differingBuckets, bucketCount: $0.bucketCount)
            })
    }
}
