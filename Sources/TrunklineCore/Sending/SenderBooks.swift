public import FoundationEssentials

/// What a sender keeps of its streams, within one transaction that the engine holds: what was formed, what is acked, what
/// its receiver set aside.
///
/// Each method is a statement or two and decides nothing. What happens in which order is ``SenderEngine``'s.
public protocol SenderBooks {
    /// The stream's row, locked until the transaction ends; nil when this office does not send it.
    func lockOutbound(_ stream: StreamID) throws(StoreError) -> OutboundStream?
    /// The id of this office's own batch of that number; nil when it is gone.
    func ownBatchID(_ number: Int64, of stream: StreamID) throws(StoreError) -> UUID?
    /// Marks every batch through `watermark` as acked, and notes that the receiver was heard of.
    /// - Parameter held: why the receiver stores nothing for now.
    /// - Returns: the batches that became acked, the lowest number first.
    func acknowledge(_ stream: StreamID, through watermark: Int64, held: String?) throws(StoreError)
        -> [Acknowledgement]
    /// Stops the stream; the first reason stays.
    /// - Parameters:
    ///   - receiverEpoch: which the receiver follows; a recovery follows it too.
    ///   - isOwn: whether it is a decision of this office, of which the receiver is to be told.
    func stopOutbound(_ stream: StreamID, reason: String, receiverEpoch: UUID, isOwn: Bool) throws(StoreError)
    /// Puts these in the place of all that the receiver said to have set aside.
    func replaceNotices(_ notices: [SetAsideNotice], of stream: StreamID) throws(StoreError)
    /// Adds these, or gives them another reason, and forgets those that are gone.
    func changeNotices(_ notices: [SetAsideNotice], gone: [SetAsideKey], of stream: StreamID) throws(StoreError)
    /// The tables that this office sends.
    func sentTables() throws(StoreError) -> Set<TableName>
    /// Those of them that others write too.
    func sharedTables() throws(StoreError) -> Set<TableName>
    /// Lets all rows of a table travel again; of one that is not synced here nothing.
    func reload(_ table: TableName, of stream: StreamID) throws(StoreError)
    /// The tables of which the receiver's list has this entry: ``RowKey/wholeTable`` or ``RowKey/wholeTableInPart``.
    func tables(noticedBy entry: RowKey, _ stream: StreamID) throws(StoreError) -> Set<TableName>
    /// How many rows the receiver said to have set aside, and the bytes of their keys and reasons.
    func noticeSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int)
    /// Notes which version of the receiver's list of set-aside rows is here, and how many it has in all.
    func noteSetAsideList(_ stream: StreamID, version: Int64, total: Int) throws(StoreError)
    /// Notes whether the receiver keeps shapes. Where it does not any more, batches in flight are pending again: they may
    /// name one that it lacks.
    func noteShapes(kept: Bool, of stream: StreamID) throws(StoreError)
    /// Notes in what the stream's tables differ from the receiver's, and which version of a header it understands.
    func note(_ differences: [TableDifference], headerVersion: Int, of stream: StreamID) throws(StoreError)
    /// Keeps the result of a verification, unless a later round's is there.
    func keepResult(_ result: VerificationResult) throws(StoreError)
    /// Records the wish for a verification; once more does nothing.
    func request(_ wish: VerificationRequest) throws(StoreError)
    /// Verifications whose batch is acked and whose answer did not come are asked for again.
    func askAgain(_ stream: StreamID, answeredThrough watermark: Int64) throws(StoreError)

    /// How far a recovery of the stream has come.
    func outboundRecovery(_ stream: StreamID) throws(StoreError) -> OutboundRecovery
    /// Throws when rows of this office may not make way for the receiver's.
    /// - Parameter returns: whether the receiver's rows come in their place.
    func checkYielding(newKeys: Bool, returns: Bool) throws(StoreError)
    /// Begins a new epoch, which replaces those that this office or its receiver followed (the last 16, each of which is
    /// one recovery): numbers begin anew, what is not acked is free again. Unanswered wishes for verifications are asked
    /// in it, but for that of the recovery before.
    func beginEpoch(_ stream: StreamID, newKeys: Bool) throws(StoreError)
    /// Notes that what the receiver lost is sent again from now on.
    func noteResent(_ stream: StreamID) throws(StoreError)
    /// - Parameter recovery: nil: it has ended. Whether it gives new keys is said where its epoch begins.
    func setRecovery(_ recovery: RecoveryState?, passes: Int, of stream: StreamID) throws(StoreError)
    func setReport(_ report: RecoveryReport, of stream: StreamID) throws(StoreError)
    /// Makes the keys that differ pending, so that what is here of them travels, where the table is still synced; all of
    /// its keys when the receiver could not list them.
    func logDifferent(_ table: TableResult, of stream: StreamID) throws(StoreError)
    /// Makes way for the receiver's rows, whose keys it named.
    func yield(to differing: [TableResult], newKeys: Bool, of stream: StreamID) throws(StoreError) -> YieldOutcome

    /// Where rows go that come back: the tables that this office sends itself, and no others.
    var ownTables: any RowSink { get }
    /// Runs `body`, which stores rows of these keys; the log forgets the changes that it made to them.
    func withoutLog<Value>(
        of groups: [LineGroup], _ stream: StreamID, _ body: () throws(StoreError) -> Value
    ) throws(StoreError) -> Value
    /// Forgets the wish for a verification whose answer is kept nowhere else.
    func forgetWish(_ id: UUID, of stream: StreamID) throws(StoreError)
}

/// A stream as its sender knows it.
public struct OutboundStream: Sendable {
    public var position: AckDecision.Position
    /// The version of the receiver's list of set-aside rows that is here; negative: the whole list is needed.
    public var setAsideVersion: Int64
    /// How many rows the receiver said to have set aside.
    public var setAsideTotal: Int
    /// As its last ack says, ``Ack/keepsShapes``.
    public var receiverKeepsShapes: Bool
    /// In what its tables differ from the receiver's, as its last ack says.
    public var differences: [TableDifference]
    /// That the receiver understands, as its last ack says.
    public var headerVersion: Int

    public init(
        position: AckDecision.Position, setAsideVersion: Int64, setAsideTotal: Int, receiverKeepsShapes: Bool,
        differences: [TableDifference], headerVersion: Int
    ) {
        self.position = position
        self.differences = differences
        self.headerVersion = headerVersion
        self.receiverKeepsShapes = receiverKeepsShapes
        self.setAsideVersion = setAsideVersion
        self.setAsideTotal = setAsideTotal
    }
}

/// A recovery as its sender knows it.
public struct OutboundRecovery: Sendable {
    /// nil: there is none.
    public var state: RecoveryState?
    /// Comparisons after which something was sent.
    public var passes: Int
    public var report: RecoveryReport
    /// Whether the stream is stopped.
    public var isStopped: Bool

    public init(state: RecoveryState?, passes: Int, report: RecoveryReport, isStopped: Bool) {
        self.state = state
        self.passes = passes
        self.report = report
        self.isStopped = isStopped
    }
}

/// What yielding did.
public struct YieldOutcome: Sendable {
    public var tables: [RecoveryReport.Table]
    /// As ``YieldPlan/hasMoreThanNamed``.
    public var hasMoreThanNamed: Bool

    public init<Key>(_ plan: YieldPlan<Key>) {
        tables = plan.tables
        hasMoreThanNamed = plan.hasMoreThanNamed
    }
}
