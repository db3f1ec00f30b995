public import FoundationEssentials

/// The first line of a batch's body, as JSON.
public struct BatchHeader: Hashable, Sendable, Codable {
    /// Those that are understood. A batch is of the lowest that says what it says, so that older receivers take all that they
    /// can: of 2 where it is about shared tables.
    public static let versions = 1...2
    /// Far more than there will be, and far from where counting on would overflow.
    static let maximalSetAsideVersion: Int64 = 1 << 53

    public var version: Int
    public var stream: StreamID
    public var epoch: UUID
    /// 1, 2, 3, … without gaps within an epoch.
    public var number: Int64
    public var id: UUID
    /// The id of batch `number - 1` of this epoch; nil for the first.
    public var previousID: UUID?
    /// The last batch of this epoch of which the sender has an ack; 0: none. A receiver that has less was restored
    /// from an older backup.
    public var acked: Int64
    /// The version of the receiver's list of set-aside rows that the sender has (-1: none, at the beginning of an epoch
    /// or after an ack went by); the receiver says the list until the sender has it.
    public var setAsideVersion: Int64?
    /// Whether the sender takes the list in differences; nil: no, it is of version 0.1 and takes each list for the whole.
    public var setAsideDifferences: Bool?
    /// The epochs that this one replaces: a receiver that follows one of them goes over to this one.
    public var follows: [UUID]?
    /// Why the epoch began, until both sides agree again; nil in ordinary times.
    public var recovery: RecoveryMode?
    /// The sender's wall clock when it read the batch, in milliseconds since 1970, where it has shared tables.
    public var clock: Int64?
    /// Upwards: shared tables of which the receiver has all rows that the sender had when it began the epoch.
    public var joined: [JoinedTable]?
    /// Foreign-key order, parents first. The body holds the row lines of each table in this order,
    /// then the delete lines of each table in the reverse order.
    public var tables: [TableHeader]
    /// A question to the receiver: is your copy the same as mine, here?
    public var verification: VerificationClaim?

    public init(
        stream: StreamID, epoch: UUID, number: Int64, id: UUID, previousID: UUID?, acked: Int64 = 0,
        setAsideVersion: Int64? = nil, setAsideDifferences: Bool? = true, follows: [UUID]? = nil,
        recovery: RecoveryMode? = nil, clock: Int64? = nil, joined: [JoinedTable]? = nil, tables: [TableHeader],
        verification: VerificationClaim? = nil
    ) {
        let isOfShared = clock != nil || joined != nil || tables.contains(where: \.isShared)
        self.version = isOfShared ? 2 : 1
        self.stream = stream
        self.epoch = epoch
        self.number = number
        self.id = id
        self.previousID = previousID
        self.acked = acked
        self.setAsideVersion = setAsideVersion
        self.setAsideDifferences = setAsideDifferences
        self.follows = follows
        self.recovery = recovery
        self.clock = clock
        self.joined = joined
        self.tables = tables
        self.verification = verification
    }
}
