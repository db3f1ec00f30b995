/// What a receiver accepts, checked before memory is spent on it.
public struct WireLimits: Hashable, Sendable {
    /// Compressed, in bytes.
    public var messageBytes = 32 << 20
    /// Decompressed, in bytes.
    public var bodyBytes = 48 << 20
    /// The first line, in bytes.
    public var headerBytes = 4 << 20
    /// Row and delete lines of one batch.
    public var lines = 200_000
    public var tables = 2_000
    /// Columns of one table: PostgreSQL's own limit.
    public var columns = 1_600
    /// Table, column and type names, in bytes of UTF-8.
    public var nameBytes = 255
    /// The text of a shared table's policy: it names columns.
    public var conflictBytes = 64 << 10
    /// The key of a row, in bytes of COPY text: keys are kept and told where rows are not.
    public var keyBytes = 1 << 20
    /// A sender sends no longer ones, as they are, of which an escaped text may have twice as many bytes.
    public static let sentKeyBytes = WireLimits().keyBytes / 2
    public static let longKey = "its key is longer than \(sentKeyBytes >> 10) KiB"
    /// The keys of set-aside rows that an ack lists: four times what a receiver puts into one.
    public var listedKeyBytes = 4 << 20
    /// All keys that an ack names.
    public var ackKeyBytes = 16 << 20
    /// Rows that a receiver returns at once, and those that it is told were taken.
    public var returnedRows = 10_000
    /// Epochs that a batch says it replaces: each is one recovery.
    public var epochs = 64
    /// Rows that a claim names.
    public var claimEntries = 100_000
    /// How deep the header's JSON may nest.
    public var jsonDepth = 16
    /// Of a header or an ack.
    public var jsonValues = 500_000

    public init() {}
}
