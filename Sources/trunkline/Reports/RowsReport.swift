import TrunklineCore
import TrunklineTerminal

/// A listing of rows for people.
struct RowsReport {
    var listing: RowListing
    var limit: Int

    var text: String {
        guard !listing.rows.isEmpty else { return "no rows" }
        let hasReasons = listing.rows.contains { $0.reason != nil }
        var columns = [TextTable.Column("STATE")]
        columns += listing.columns.map { TextTable.Column(SafeText.oneLine($0), maximalWidth: 48) }
        if hasReasons { columns.append(TextTable.Column("REASON", maximalWidth: 300)) }
        var table = TextTable(columns)
        for row in listing.rows {
            table.add(
                [row.state.rawValue + (row.deleted ? " (deleted)" : "")] + row.values.map { $0 ?? "∅" }
                    + (hasReasons ? [row.reason ?? ""] : []))
        }
        let count = HumanNumber.counted(listing.rows.count, "row")
        let more = listing.rows.count >= limit ? "; there may be more, see --limit" : ""
        return table.rendered() + count + more
    }
}
