/// What a table was when its capture was last seen to.
struct CaptureFingerprint: Hashable, Sendable, Codable {
    /// `pg_class.oid`: another one under the same name is another table.
    var oid: Int
    var key: [CaptureSQL.KeyColumn]
    /// The partitions that hold rows, by their oids; none: it is not partitioned.
    var partitions: [Int]
    /// Of the file with the rows; nil: it has none of its own, or was not noted. Another one after a rewrite.
    var filenode: Int?
    /// By the columns' numbers.
    var types: [String: String]?
    /// Of the enums of its columns, by the labels' oids.
    var labels: [String: String]?
    /// Whether its triggers fire for replayed changes too, which only its owner can order; nil: it was not noted.
    var firesAlways: Bool?
    /// The triggers' oids by the partitions': others are on one that was detached for a while. Nil: they were not noted.
    var partitionTriggers: [String: Int]?
    /// The oid of our own `synced_table`: another one when the whole database came from a dump. Nil: it was not noted.
    var books: Int?
    /// The oid of the table that maps its rows to branches, if any.
    var mapping: Int?

    /// Whether what rows hold was written anew past the triggers: a column got another type by a rewrite of the table, or
    /// a label of an enum has another name.
    func hasOtherValues(than other: CaptureFingerprint) -> Bool {
        let isRewritten = filenode != other.filenode || filenode == nil
        if isRewritten, let types, let before = other.types {
            for (column, type) in before where types[column] ?? type != type { return true }
        }
        for (label, name) in other.labels ?? [:] where labels?[label] ?? name != name { return true }
        return false
    }

    /// Whether partitions came back that had gone, whose rows nobody watched in between.
    func hasReturnedPartitions(since other: CaptureFingerprint) -> Bool {
        (other.partitionTriggers ?? [:]).contains { partition, trigger in
            partitionTriggers?[partition].map { $0 != trigger } ?? false
        }
    }

    /// Whether keys that were logged then can be looked up now: the same columns, and integers may be wider.
    func hasComparableKey(_ other: CaptureFingerprint) -> Bool {
        let integers: Set = ["smallint", "integer", "bigint"]
        return key.map(\.number) == other.key.map(\.number)
            && zip(key, other.key).allSatisfy { $0.type == $1.type || integers.isSuperset(of: [$0.type, $1.type]) }
    }
}
