internal import TrunklineCore

/// Digests all rows of a table, as the lines in which they would travel.
enum TableScan {
    /// - Parameters:
    ///   - columns: the sender's, on both sides.
    ///   - conditions: which rows; none: all.
    ///   - inUTC: columns with a time zone whose values come without one.
    static func digest(
        _ relation: String, _ columns: [Column], where conditions: [String] = [], inUTC: Set<String> = [],
        _ digester: inout RowDigester, _ connection: PostgresConnection
    ) throws(StoreError) {
        let list = columns.map(\.name).map {
            inUTC.contains($0) ? "\($0.identifier) AT TIME ZONE 'UTC'" : $0.identifier
        }.joined(separator: ", ")
        let filter = (["true"] + conditions).joined(separator: " AND ")
        _ = try connection.copyOut("COPY (SELECT \(list) FROM \(relation) WHERE \(filter)) TO STDOUT", "digest rows") {
            line in
            digester.add(line: Array(line)[...])
            return true
        }
    }
}
