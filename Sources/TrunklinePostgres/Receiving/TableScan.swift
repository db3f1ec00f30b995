internal import TrunklineCore

/// Digests all rows of a table, as the lines in which they would travel.
enum TableScan {
    /// - Parameters:
    ///   - columns: the sender's, on both sides.
    ///   - branch: at the head, whose rows.
    ///   - inUTC: columns with a time zone whose values come without one.
    static func digest(
        _ relation: String, _ columns: [Column], _ branch: OfficeID?, inUTC: Set<String> = [],
        _ digester: inout RowDigester, _ connection: PostgresConnection
    ) throws(StoreError) {
        let list = columns.map(\.name).map {
            inUTC.contains($0) ? "\($0.identifier) AT TIME ZONE 'UTC'" : $0.identifier
        }.joined(separator: ", ")
        let filter = branch.map { " WHERE branch_id = \($0.description.literal)" } ?? ""
        _ = try connection.copyOut("COPY (SELECT \(list) FROM \(relation)\(filter)) TO STDOUT", "digest rows") { line in
            digester.add(line: Array(line)[...])
            return true
        }
    }
}
