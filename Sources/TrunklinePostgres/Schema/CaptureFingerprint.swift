/// What a table was when its triggers were made.
struct CaptureFingerprint: Hashable, Sendable, Codable {
    /// `pg_class.oid`: another one under the same name is another table.
    var oid: Int
    var key: [CaptureSQL.KeyColumn]
    /// The partitions that hold rows, by their oids; none: it is not partitioned.
    var partitions: [Int]

    /// Whether keys that were logged then can be looked up now: the same columns, and integers may be wider.
    func hasComparableKey(_ other: CaptureFingerprint) -> Bool {
        let integers: Set = ["smallint", "integer", "bigint"]
        return key.map(\.number) == other.key.map(\.number)
            && zip(key, other.key).allSatisfy { $0.type == $1.type || integers.isSuperset(of: [$0.type, $1.type]) }
    }
}
