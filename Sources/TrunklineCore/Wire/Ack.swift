public import FoundationEssentials

/// The receiver's word to the sender: «through this watermark of this epoch is in my database;
/// these rows I set aside, and why».
///
/// State, not an event: a later ack says all that an earlier one said, so that acks may be lost,
/// doubled or reordered. The sender takes the highest watermark and the highest `setAsideVersion`.
public struct Ack: Hashable, Sendable, Codable {
    public static let currentVersion = 1

    public var version: Int
    public var stream: StreamID
    public var epoch: UUID
    /// Every batch up to and including this number is committed. 0: none yet.
    public var watermark: Int64
    /// The id of that batch; nil before the first.
    public var batchID: UUID?
    /// Set when a batch claimed an ack of this number, and the receiver, restored from an older backup, has less.
    public var behind: Behind?
    /// Counts the changes of the receiver's list of set-aside rows of this stream; how far this ack tells of it.
    public var setAsideVersion: Int64
    /// The version that `setAside` and `gone` are the difference from; nil: `setAside` is the whole list, or its
    /// beginning, which further acks go on with.
    public var setAsideFrom: Int64?
    /// Rows that were set aside since ``setAsideFrom``, or whose reason is another one, at most ``maximalChanges`` with
    /// those in ``gone``; nil: nothing to tell.
    public var setAside: [SetAsideNotice]?
    /// Rows that are set aside no more.
    public var gone: [SetAsideKey]?
    /// How many rows are set aside in all.
    public var setAsideTotal: Int
    /// Why the receiver takes no more of this stream; nil while it does.
    public var stopped: StopNotice?
    /// Why the receiver stores nothing of this stream for now, though it keeps what comes and tries again; nil while it
    /// does.
    public var held: String?
    /// Whether the receiver keeps the shapes of this stream's tables, so that the batches may name them; nil: every batch
    /// says them whole, as a receiver of version 0.1 needs it, and one that lacks a shape that a batch named.
    public var keepsShapes: Bool?
    /// The highest version of a batch's header that the receiver understands; nil: 1.
    public var headerVersion: Int?
    /// In what the stream's tables differ from those that store them, as far as it is known; nil: in nothing.
    public var differences: [TableDifference]?
    public var verification: VerificationResult?

    /// A batch of this epoch claimed an ack of this number.
    public struct Behind: Hashable, Sendable, Codable {
        public var epoch: UUID
        public var number: Int64

        public init(epoch: UUID, number: Int64) {
            self.epoch = epoch
            self.number = number
        }
    }

    /// To a sender that does not take differences: more set-aside rows than this are counted, not listed.
    public static let maximalNotices = 10_000
    /// Of the list of set-aside rows in one ack; the next one goes on.
    public static let maximalChanges = 1_000
    /// An ack's part of the list ends beyond so many bytes of keys and reasons.
    public static let maximalListBytes = 1 << 20
    /// A list that goes whole ends beyond so many bytes of rows; the others are counted.
    public static let maximalNoticeBytes = 4 << 20

    public init(
        stream: StreamID, epoch: UUID, watermark: Int64, batchID: UUID? = nil, behind: Behind? = nil,
        setAsideVersion: Int64, setAsideFrom: Int64? = nil, setAside: [SetAsideNotice]?, gone: [SetAsideKey]? = nil,
        setAsideTotal: Int, stopped: StopNotice? = nil, held: String? = nil, keepsShapes: Bool? = nil,
        differences: [TableDifference]? = nil, verification: VerificationResult? = nil
    ) {
        self.version = Ack.currentVersion
        self.stream = stream
        self.epoch = epoch
        self.watermark = watermark
        self.batchID = batchID
        self.behind = behind
        self.setAsideVersion = setAsideVersion
        self.setAsideFrom = setAsideFrom
        self.setAside = setAside
        self.gone = gone
        self.setAsideTotal = setAsideTotal
        self.stopped = stopped
        self.held = held
        self.keepsShapes = keepsShapes
        headerVersion = BatchHeader.versions.upperBound
        self.differences = differences
        self.verification = verification
    }
}

/// One set-aside row, as the sender is told of it.
public struct SetAsideNotice: Hashable, Sendable, Codable {
    public var table: TableName
    /// The key's values in COPY text form, as ``RowKey`` writes them.
    public var key: RowKey
    /// The receiver's reason, in words.
    public var reason: String

    public init(table: TableName, key: RowKey, reason: String) {
        self.table = table
        self.key = key
        self.reason = reason
    }
}

/// Names a row that is set aside no more.
public struct SetAsideKey: Hashable, Sendable, Codable {
    public var table: TableName
    public var key: RowKey

    public init(table: TableName, key: RowKey) {
        self.table = table
        self.key = key
    }
}

/// The receiver met a batch of another history (promise 9) and stopped the stream.
public struct StopNotice: Hashable, Sendable, Codable {
    /// The batch that was refused.
    public var epoch: UUID
    public var number: Int64
    public var reason: String

    public init(epoch: UUID, number: Int64, reason: String) {
        self.epoch = epoch
        self.number = number
        self.reason = reason
    }
}
