/// An order-independent digest of a set of rows: how many, and the sum of their 128-bit hashes.
public struct BucketDigest: Hashable, Sendable, Codable {
    public var rows: Int
    public var low: UInt64
    public var high: UInt64

    public init(rows: Int = 0, low: UInt64 = 0, high: UInt64 = 0) {
        self.rows = rows
        self.low = low
        self.high = high
    }

    /// Adds one row's hash; the order of additions does not matter.
    mutating func add(low: UInt64, high: UInt64) {
        rows += 1
        self.low &+= low
        self.high &+= high
    }
}
