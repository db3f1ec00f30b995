/// The changes of a batch as SQL: what its wave (`late`, `floor`, `upper`) makes visible, from one position to another,
/// in the order of (transaction, seq).
///
/// It is taken apart where its first and last transaction end and begin, and where transactions that the wave does not
/// see lie in between, and each part is one range of the index. A row comparison would say the ends in one
/// condition, but of its end PostgreSQL looks only at the transaction (`_bt_mark_scankey_required` in nbtutils.c): a
/// transaction of a million changes would be read to its end for each of its batches. And one that is still open, or was
/// when the wave began, is stepped over, however many changes it has.
struct ChangeRange {
    /// Expressions of the types xid8[], xid8 and pg_snapshot; no late ones: nil.
    var late: String?
    var floor: String
    var upper: String
    /// What is behind this position; expressions of the types xid8 and bigint.
    var from: (transaction: String, seq: String)
    /// Up to this position, inclusive.
    var to: (transaction: String, seq: String)

    /// A condition for each part but those of ``gaps``; a change fulfils at most one of them all.
    var conditions: [String] {
        func isMember(_ transaction: String) -> String {
            let fresh = "\(transaction) >= \(floor)"
            return late.map { "(\(transaction) = ANY (\($0)) OR \(fresh))" } ?? fresh
        }
        let end = "CASE WHEN \(from.transaction) < \(to.transaction) THEN 9223372036854775807 ELSE \(to.seq) END"
        var conditions = [
            """
            \(isMember(from.transaction)) AND \(seen(from.transaction)) \
            AND transaction = \(from.transaction) AND seq > \(from.seq) AND seq <= \(end)
            """,
            """
            \(isMember(to.transaction)) AND \(from.transaction) < \(to.transaction) AND \(seen(to.transaction)) \
            AND transaction = \(to.transaction) AND seq <= \(to.seq)
            """,
        ]
        if let late {
            conditions.append(
                """
                transaction = ANY (ARRAY(SELECT x FROM unnest(\(late)) x WHERE \(seen("x")) \
                AND x > \(from.transaction) AND x < \(to.transaction) AND x < \(floor)))
                """)
        }
        return conditions
    }

    /// The ranges between the transactions that the wave does not see, as rows `after`, `before`; both exclusive.
    var gaps: String {
        "trunkline.gaps(\(upper), greatest(\(from.transaction), trunkline.xid_before(\(floor))), \(to.transaction))"
    }

    /// All of it as one query.
    func select(_ columns: String) -> String {
        let parts = conditions.map { "SELECT \(columns) FROM trunkline.change WHERE \($0)" } + [between(columns)]
        return parts.joined(separator: "\nUNION ALL\n")
    }

    /// Sorted, which keeps the planner from making anything of it but one range of the index a gap.
    private func between(_ columns: String) -> String {
        """
        SELECT w.* FROM \(gaps) g CROSS JOIN LATERAL (
            SELECT \(columns) FROM trunkline.change WHERE transaction > g.after AND transaction < g.before
            ORDER BY transaction, seq) w
        """
    }

    private func seen(_ transaction: String) -> String { "pg_visible_in_snapshot(\(transaction), \(upper))" }
}
