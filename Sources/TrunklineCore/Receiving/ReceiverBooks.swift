public import FoundationEssentials

/// What a receiver keeps of its streams, within one transaction that the engine holds: watermarks, pending acks, parked
/// batches, set-aside rows, keys that a recovery kept.
///
/// Each method is a statement or two and decides nothing. What happens in which order is ``ReceiverEngine``'s.
public protocol ReceiverBooks: SharedBooks {
    /// The stream's row, locked until the transaction ends; nil when the stream was never seen.
    func lock(_ stream: StreamID) throws(StoreError) -> InboundStream?
    /// Begins a stream; what was parked of epochs that are over is dropped. Once more does nothing.
    func begin(_ stream: StreamID, epoch: UUID, pastEpochs: Set<UUID>) throws(StoreError)
    /// Goes over to another epoch, at watermark 0; what was parked of others is dropped.
    func adopt(_ epoch: UUID, of stream: StreamID, pastEpochs: Set<UUID>) throws(StoreError)
    /// Notes that the sender has an ack of `number`, of which this database knows nothing.
    func noteBehind(_ number: Int64, epoch: UUID, of stream: StreamID) throws(StoreError)
    /// Stops the stream because of this batch; the first reason stays.
    func stop(_ stream: StreamID, reason: String, epoch: UUID, number: Int64) throws(StoreError)
    /// Stops the stream because its sender did; one of another epoch changes nothing.
    func stop(by halt: Halt) throws(StoreError)
    /// Advances the watermark to this batch, and leaves a pending ack.
    /// - Parameters:
    ///   - stored: rows and deletes that were stored.
    ///   - answer: to the batch's question.
    func advance(_ header: BatchHeader, stored: Int, answer: VerificationResult?) throws(StoreError)
    /// Notes which recovery the sender is in; nil: none.
    func note(_ recovery: RecoveryMode?, _ stream: StreamID) throws(StoreError)
    /// Leaves a pending ack; to a sender that does not take differences, with the whole list of set-aside rows.
    func leaveAck(_ stream: StreamID) throws(StoreError)

    /// The shapes that are kept of these tables of the stream.
    func shapes(of tables: [TableName], _ stream: StreamID) throws(StoreError) -> [TableName: WireShape]
    /// Keeps a table's shape, in the place of the one before.
    func keep(_ shape: WireShape, of table: TableName, _ stream: StreamID) throws(StoreError)
    /// How many shapes are kept of the stream, and the bytes of their texts.
    func keptShapes(_ stream: StreamID) throws(StoreError) -> (count: Int, bytes: Int)
    /// Notes in what the stream's tables differ from those here.
    func note(_ differences: [TableDifference], _ stream: StreamID) throws(StoreError)
    /// Notes what the acks of the stream say of shapes.
    func note(_ keeping: ShapeKeeping, _ stream: StreamID) throws(StoreError)

    /// Keeps the message; once more does nothing.
    func park(_ batch: InboundBatch) throws(StoreError)
    /// Drops what is parked of the batch's epoch, up to and including it.
    func unpark(through header: BatchHeader) throws(StoreError)
    /// How much is parked of the stream.
    func parked(_ stream: StreamID) throws(StoreError) -> (batches: Int, bytes: Int)
    /// Holds the stream: nothing of it is stored until `retryIn` has passed.
    func hold(_ stream: StreamID, reason: String, failures: Int, retryIn: Duration) throws(StoreError)
    /// Ends a hold.
    func releaseHold(_ stream: StreamID) throws(StoreError)

    /// Keeps rows that could not be stored, whole, in the place of what was set aside of their keys. This, and whatever
    /// else changes which rows are set aside or why, is a change of the list, with a version of its own.
    /// - Precondition: no key is named twice.
    func setAside(_ failures: [LineFailure], of stream: StreamID, number: Int64) throws(StoreError)
    /// How much is set aside of the stream.
    func setAsideSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int)
    /// Whether the list has ``RowKey/wholeTableInPart`` of a table.
    func isStoredInPart(_ table: TableName, _ stream: StreamID) throws(StoreError) -> Bool
    /// Forgets what was set aside of these keys: later images of them came.
    func forgetSetAside(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError)
    /// Set-aside rows to be tried again, parents before children; the least recently tried are chosen.
    func retryable(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError) -> [SetAsideRow]
    /// Notes what became of a try: `reasons` of those that still cannot be stored, the others are forgotten.
    func noteTried(_ rows: [SetAsideRow], failures: [Int64: LineFailure]) throws(StoreError)

    /// Notes whether the sender takes the list in differences.
    func noteTakesDifferences(_ takes: Bool, _ stream: StreamID) throws(StoreError)
    /// Changes of the list through that version need not be kept.
    func forgetChanges(through version: Int64, _ stream: StreamID) throws(StoreError)
    /// The next ack tells the changes after that version.
    func tellAgain(after version: Int64, _ stream: StreamID) throws(StoreError)
    /// Gives every row of the list a new version, above that one; the next ack begins with the first of them.
    func beginListAnew(after version: Int64, _ stream: StreamID) throws(StoreError)

    /// The keys, by ``RowKey/description``, whose rows a recovery kept.
    func keptKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> Set<String>
    /// Keeps the receiver's rows of these keys.
    func keep(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError)
    /// The next rows that a recovery kept, in the order of their serials, which are given in the order of keeping.
    func keptRows(of table: TableName, _ stream: StreamID, after serial: Int64, limit: Int) throws(StoreError)
        -> [KeptRow]
    /// Keeps these rows no longer.
    /// - Returns: the keys of those that were kept, by table.
    func release(_ serials: [Int64], _ stream: StreamID) throws(StoreError) -> [TableName: [RowKey]]
    /// Keeps the rows of these keys, as a verification names them, no longer.
    /// - Returns: how many were kept.
    func release(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) -> Int
    /// Keeps no row of the stream any longer.
    /// - Returns: the tables of those that were kept.
    func releaseAll(_ stream: StreamID) throws(StoreError) -> Set<TableName>
    /// The keys of the rows of a table that are set aside.
    func setAsideKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey]
    /// Those of them whose rows are stored but for some columns.
    func keysStoredInPart(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey]
    /// How much is kept of the stream in `superseded_row`.
    func supersededSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int)
    /// Keeps a verification's result, unless a later round's is there.
    func keepResult(_ result: VerificationResult) throws(StoreError)
}

/// A stream as its receiver knows it.
public struct InboundStream: Sendable {
    public var watermark: ReceiverDecision.Watermark
    /// Whether rows of it are set aside.
    public var hasSetAside: Bool
    /// Whether there are rows that a recovery kept.
    public var hasKeptRows: Bool
    /// Whether its sender takes the list of set-aside rows in differences.
    public var takesDifferences: Bool
    /// How far it was told of the list.
    public var telling: SetAsideListTelling
    public var shapes: ShapeKeeping
    /// In what its tables differ from those here.
    public var differences: [TableDifference]
    /// Which recovery its sender is in, as its last batch said; nil: none.
    public var recovery: RecoveryMode?
    /// By how many milliseconds its sender's clock is ahead; nil: it is not, as far as is known.
    public var clockAhead: Int64?
    /// Why nothing of it is stored for now; nil while it runs.
    public var held: Hold?

    public struct Hold: Hashable, Sendable {
        public var reason: String
        /// In a row.
        public var failures: Int
        /// Whether it is time to try again.
        public var isDue: Bool

        public init(reason: String, failures: Int, isDue: Bool) {
            self.reason = reason
            self.failures = failures
            self.isDue = isDue
        }
    }

    public init(
        watermark: ReceiverDecision.Watermark, hasSetAside: Bool, hasKeptRows: Bool, takesDifferences: Bool,
        telling: SetAsideListTelling, shapes: ShapeKeeping, differences: [TableDifference],
        recovery: RecoveryMode?, clockAhead: Int64?,
        held: Hold? = nil
    ) {
        self.watermark = watermark
        self.hasSetAside = hasSetAside
        self.hasKeptRows = hasKeptRows
        self.takesDifferences = takesDifferences
        self.telling = telling
        self.shapes = shapes
        self.differences = differences
        self.recovery = recovery
        self.clockAhead = clockAhead
        self.held = held
    }
}

/// A row that a recovery kept, as the books name it.
public struct KeptRow: Hashable, Sendable {
    public var serial: Int64
    /// As a verification names it.
    public var key: RowKey

    public init(serial: Int64, key: RowKey) {
        self.serial = serial
        self.key = key
    }
}

/// A row that was set aside, as the books keep it.
public struct SetAsideRow: Sendable {
    public var id: Int64
    public var line: ReceivedLine

    public init(id: Int64, line: ReceivedLine) {
        self.id = id
        self.line = line
    }
}

/// Which set-aside rows of a stream are tried again.
public enum RetryChoice: Hashable, Sendable {
    /// Those whose time has come, the longest due first: a row that lacks its parent is due at once for its first
    /// ``RetryPause/eagerTries`` tries, any other after a pause that doubles with each try.
    case due
    /// On request: of one table or of all, those not tried for so long, the least recently tried first.
    case requested(table: TableName?, notTriedFor: Duration)
    /// As `requested`, and rows that a recovery kept here give way, each with a copy in `superseded_row`.
    case kept(table: TableName?, notTriedFor: Duration)

    var namesTable: Bool {
        switch self {
        case .due: false
        case .requested(let table, _), .kept(let table, _): table != nil
        }
    }
}
