/// How large a verification may get: its batch always fits (a header of ``WireLimits/headerBytes``), however many rows
/// differ.
public enum VerificationLimit {
    /// Buckets of all tables of a claim together, some 60 bytes each.
    public static let buckets = 32_768
    /// Rows that round 2 names, of all tables together.
    public static let entries = 20_000
    /// And the bytes of their keys.
    public static let keyBytes = 1 << 20
    /// A number of more digits before its point, or behind it, counts as NULL in a comparison: it may be a few bytes in a
    /// database, and costs a hundred thousand to look at. No measure or price has so many.
    public static let comparedDigits = 400
    /// Wishes of one stream that wait for their turn; before another one the oldest goes.
    public static let waiting = 16
    /// Results of one stream that are kept, the last ones.
    public static let keptResults = 100

    /// The buckets of one table that round 2 looks into: as many of those that differ as have room.
    /// - Parameters:
    ///   - wanted: those that differ.
    ///   - rows: of the table.
    ///   - room: rows that may still be named.
    public static func covered(_ wanted: [Int], of bucketCount: Int, rows: Int, room: Int) -> [Int] {
        let rowsInBucket = max(1, rows / max(1, bucketCount))
        return Array(wanted.prefix(max(1, room / rowsInBucket)))
    }
}
