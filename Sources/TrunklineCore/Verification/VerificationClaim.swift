public import FoundationEssentials

/// The sender's digest of its tables as of the batch that carries it.
///
/// Round 1 carries one digest a bucket of keys. Where some differ, round 2 carries the keys and
/// row hashes of those buckets, so that the receiver can name the keys. Each round is compared by
/// the receiver at the watermark of its own batch, so writing may go on meanwhile.
public struct VerificationClaim: Hashable, Sendable, Codable {
    public var id: UUID
    public var round: Int
    public var tables: [TableClaim]
    /// Tables of which the sender can say nothing just now: they are not compared, and so do not agree.
    public var leftOut: [LeftOutTable]?
    /// Which kept rows the sender wants back; such a claim compares nothing. nil: none.
    public var returns: ReturnsClaim?

    public init(id: UUID, round: Int, tables: [TableClaim], leftOut: [LeftOutTable] = []) {
        self.id = id
        self.round = round
        self.tables = tables
        self.leftOut = leftOut.isEmpty ? nil : leftOut
    }

    public init(id: UUID, returns: ReturnsClaim) {
        self.init(id: id, round: 1, tables: [])
        self.returns = returns
    }

    public struct LeftOutTable: Hashable, Sendable, Codable {
        public var name: TableName
        public var reason: String

        public init(name: TableName, reason: String) {
            self.name = name
            self.reason = reason
        }
    }
}

/// What a claim says of one table.
public struct TableClaim: Hashable, Sendable, Codable {
    public var name: TableName
    public var key: [String]
    public var columns: [Column]
    public var rows: Int
    /// Round 1: the digest of each bucket; the count of buckets is a power of two. Empty in round 2.
    public var buckets: [BucketDigest]
    /// Round 2: every row of the buckets that differed. Nil in round 1.
    public var entries: [RowEntry]?
    /// Round 2: the buckets that `entries` covers, and of how many.
    public var coveredBuckets: [Int]?
    public var bucketCount: Int
    /// Round 2: more buckets differed than fit, so `coveredBuckets` are not all of them.
    public var isPartial: Bool?
    /// Of a shared table, as ``TableHeader/conflict``.
    public var conflict: String?
    /// Columns of the sender that the claim does not speak of, since the receiver does not store them as they are.
    public var notCompared: [String]?

    public init(
        name: TableName, key: [String], columns: [Column], rows: Int, buckets: [BucketDigest],
        entries: [RowEntry]? = nil, coveredBuckets: [Int]? = nil, bucketCount: Int, isPartial: Bool? = nil
    ) {
        self.name = name
        self.key = key
        self.columns = columns
        self.rows = rows
        self.buckets = buckets
        self.entries = entries
        self.coveredBuckets = coveredBuckets
        self.bucketCount = bucketCount
        self.isPartial = isPartial
    }

    /// One row of a covered bucket: its key and the hash of its canonical values.
    public struct RowEntry: Hashable, Sendable, Codable {
        public var key: RowKey
        public var hash: UInt64

        public init(key: RowKey, hash: UInt64) {
            self.key = key
            self.hash = hash
        }
    }
}
