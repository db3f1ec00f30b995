import TrunklineCore

/// A piece of the change log as SQL: the lines for some destinations that the snapshot `upper` sees and `lower` does not,
/// from one position to another, in the order of (transaction, seq).
///
/// It is taken apart where its first and last transaction end and begin, and where transactions that `upper` does not
/// see lie in between, and each part is one range of the index. A row comparison would say the ends in one
/// condition, but of its end PostgreSQL looks only at the transaction (`_bt_mark_scankey_required` in nbtutils.c): a
/// transaction of a million changes would be read to its end for each of its batches. And one that is still open, or was
/// at the moment of `upper`, is stepped over, however many changes it has.
struct ChangeRange {
    /// The destination of lines that are for all branches.
    static let everybody = OfficeID.all.description

    /// Expressions of the type text.
    var destinations: [String]
    /// Expressions of the type pg_snapshot, the later one second.
    var lower: String
    var upper: String
    /// Whether transactions may have been in progress in `lower`.
    var mayHaveLate = true
    /// What is behind this position; expressions of the types xid8 and bigint.
    var from: (transaction: String, seq: String)
    /// Up to this position, inclusive.
    var to: (transaction: String, seq: String)

    /// The same for what is for one destination.
    func only(_ destination: String) -> ChangeRange {
        var range = self
        range.destinations = [destination]
        return range
    }

    /// A condition for each part but those of ``gaps``; a change fulfils at most one of them all.
    var conditions: [String] { destinations.flatMap(conditions(for:)) }

    private func conditions(for destination: String) -> [String] {
        let own = "destination = \(destination) AND"
        let end = "CASE WHEN \(from.transaction) < \(to.transaction) THEN 9223372036854775807 ELSE \(to.seq) END"
        var conditions = [
            """
            \(own) \(isCovered(from.transaction)) \
            AND transaction = \(from.transaction) AND seq > \(from.seq) AND seq <= \(end)
            """,
            """
            \(own) \(isCovered(to.transaction)) AND \(from.transaction) < \(to.transaction) \
            AND transaction = \(to.transaction) AND seq <= \(to.seq)
            """,
        ]
        if mayHaveLate {
            conditions.append(
                """
                \(own) transaction = ANY (ARRAY(SELECT x FROM pg_snapshot_xip(\(lower)) x WHERE \(isSeen("x", in: upper)) \
                AND x > \(from.transaction) AND x < \(to.transaction)))
                """)
        }
        return conditions
    }

    /// The ranges between the transactions that `upper` does not see, of those that began after `lower`, as rows
    /// `after`, `before`; both exclusive.
    var gaps: String {
        """
        trunkline.gaps(\(upper), greatest(\(from.transaction), trunkline.xid_before(pg_snapshot_xmax(\(lower)))), \
        \(to.transaction))
        """
    }

    /// All of it as one query.
    func select(_ columns: String) -> String {
        let parts =
            conditions.map { "SELECT \(columns) FROM trunkline.change WHERE \($0)" }
            + destinations.map { between(columns, $0) }
        return parts.joined(separator: "\nUNION ALL\n")
    }

    /// Statements of a function that delete all of it; `g` is a record variable of the function.
    var deletion: String {
        (conditions.map { "DELETE FROM trunkline.change WHERE \($0);" }
            + destinations.map {
                """
                FOR g IN SELECT * FROM \(gaps) LOOP
                    DELETE FROM trunkline.change
                        WHERE destination = \($0) AND transaction > g.after AND transaction < g.before;
                END LOOP;
                """
            }).joined(separator: "\n")
    }

    /// Sorted, which keeps the planner from making anything of it but one range of the index a gap.
    private func between(_ columns: String, _ destination: String) -> String {
        """
        SELECT w.* FROM \(gaps) g CROSS JOIN LATERAL (
            SELECT \(columns) FROM trunkline.change
            WHERE destination = \(destination) AND transaction > g.after AND transaction < g.before
            ORDER BY transaction, seq) w
        """
    }

    private func isCovered(_ transaction: String) -> String {
        "NOT \(isSeen(transaction, in: lower)) AND \(isSeen(transaction, in: upper))"
    }

    private func isSeen(_ transaction: String, in snapshot: String) -> String {
        "pg_visible_in_snapshot(\(transaction), \(snapshot))"
    }
}
