public import FoundationEssentials

/// The receiver's answer to a ``VerificationClaim``, kept in both databases.
public struct VerificationResult: Hashable, Sendable, Codable {
    public var id: UUID
    public var round: Int
    public var stream: StreamID
    /// The watermark at which the two sides were compared.
    public var watermark: Int64
    public var tables: [TableResult]
    /// What the claim wanted back; nil from a receiver of version 0.1, and where nothing was wanted.
    public var returned: ReturnedRows?

    public init(id: UUID, round: Int, stream: StreamID, watermark: Int64, tables: [TableResult]) {
        self.id = id
        self.round = round
        self.stream = stream
        self.watermark = watermark
        self.tables = tables
    }

    /// Where nothing was compared, nothing agrees.
    public var agrees: Bool { !tables.isEmpty && tables.allSatisfy(\.agrees) }

    /// Whether a table was compared and does not agree.
    public var differs: Bool { tables.contains { !$0.agrees && $0.problem == nil } }

    /// With what an earlier round says of the tables that this one does not speak of: the second speaks only of those that
    /// differed in the first.
    public func completed(from earlier: VerificationResult?) -> VerificationResult {
        guard let earlier, earlier.round <= round, round > 1 else { return self }
        var whole = self
        let known = Set(tables.map(\.name))
        whole.tables += earlier.tables.filter { !known.contains($0.name) }
        whole.tables.sort { $0.name < $1.name }
        return whole
    }

    /// Whether the keys that differ are still to be asked for; otherwise this result is the last one.
    public var needsSecondRound: Bool { round == 1 && tables.contains { !$0.agrees && $0.problem == nil } }
}

public struct TableResult: Hashable, Sendable, Codable {
    public var name: TableName
    public var rowsAtSender: Int
    public var rowsAtReceiver: Int
    /// Buckets whose digests differ.
    public var differingBuckets: [Int]
    public var bucketCount: Int
    /// Round 2: the keys that differ, at most ``maximalKeys`` of them.
    public var differingKeys: [KeyDifference]
    /// Round 2: how many keys differ in all.
    public var differences: Int
    /// The highest key of the sender's rows at the receiver, when the key is one integer column.
    public var highestKey: Int64?
    /// Why the receiver could not compare (it has no such table, say).
    public var problem: String?
    /// Whether it is the sender that could say nothing of it.
    public var isLeftOut: Bool?
    /// Rows of the sender's that a recovery kept here, which are not compared; nil: none.
    public var keptAtReceiver: Int?
    /// As the claim's, ``TableClaim/notCompared``.
    public var notCompared: [String]?

    public static let maximalKeys = 1_000
    /// In a recovery, where every key that is listed is dealt with.
    public static let maximalRecoveryKeys = 100_000

    public init(
        name: TableName, rowsAtSender: Int, rowsAtReceiver: Int, differingBuckets: [Int], bucketCount: Int,
        differingKeys: [KeyDifference] = [], differences: Int = 0, problem: String? = nil, isLeftOut: Bool? = nil
    ) {
        self.name = name
        self.rowsAtSender = rowsAtSender
        self.rowsAtReceiver = rowsAtReceiver
        self.differingBuckets = differingBuckets
        self.bucketCount = bucketCount
        self.differingKeys = differingKeys
        self.differences = differences
        self.problem = problem
        self.isLeftOut = isLeftOut
    }

    /// Whether more keys differ than are listed.
    public var isTruncated: Bool { differences > differingKeys.count }

    public var agrees: Bool {
        problem == nil && rowsAtSender == rowsAtReceiver && differingBuckets.isEmpty && differingKeys.isEmpty
            && differences == 0
    }
}

public struct KeyDifference: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable {
        case onlyAtSender = "only-at-sender"
        case onlyAtReceiver = "only-at-receiver"
        case different
    }

    public var key: RowKey
    public var kind: Kind

    public init(key: RowKey, kind: Kind) {
        self.key = key
        self.kind = kind
    }
}
