/// The changes of a batch as SQL: what its wave (`late`, `floor`, `upper`) makes visible, from one position to another,
/// in the order of (transaction, seq).
///
/// It is taken apart where its first and last transaction end and begin, and each part is one range of the index. A row
/// comparison would say it in one condition, but of its end PostgreSQL looks only at the transaction
/// (`_bt_mark_scankey_required` in nbtutils.c): a transaction of a million changes would be read to its end for each of
/// its batches.
struct ChangeRange {
    /// Expressions of the types xid8[], xid8 and pg_snapshot; no late ones: nil.
    var late: String?
    var floor: String
    var upper: String
    /// What is behind this position; expressions of the types xid8 and bigint.
    var from: (transaction: String, seq: String)
    /// Up to this position, inclusive.
    var to: (transaction: String, seq: String)

    /// A condition for each part; a change fulfils at most one.
    var parts: [String] {
        let fresh = parts { "\($0) >= \(floor)" }
        guard let late else { return fresh }
        return parts { "\($0) = ANY (\(late))" } + fresh
    }

    private func parts(_ isMember: (_ transaction: String) -> String) -> [String] {
        let end = "CASE WHEN \(from.transaction) < \(to.transaction) THEN 9223372036854775807 ELSE \(to.seq) END"
        return [
            "\(isMember(from.transaction)) AND transaction = \(from.transaction) AND seq > \(from.seq) AND seq <= \(end)",
            "\(isMember("transaction")) AND transaction > \(from.transaction) AND transaction < \(to.transaction)",
            """
            \(isMember(to.transaction)) AND \(from.transaction) < \(to.transaction) \
            AND transaction = \(to.transaction) AND seq <= \(to.seq)
            """,
        ].map { "\($0) AND pg_visible_in_snapshot(transaction, \(upper))" }
    }

    /// One query for several conditions of which a change fulfils at most one.
    static func select(_ columns: String, _ parts: [String]) -> String {
        parts.map { "SELECT \(columns) FROM trunkline.change WHERE \($0)" }.joined(separator: "\nUNION ALL\n")
    }
}
