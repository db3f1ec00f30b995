internal import TrunklineCore

/// Digests all rows of a table, as the lines in which they would travel.
enum TableScan {
    /// - Parameters:
    ///   - columns: the sender's, on both sides.
    ///   - branch: at the head, whose rows.
    static func digest(
        _ relation: String, _ columns: [Column], _ branch: OfficeID?, _ digester: inout RowDigester,
        _ connection: PostgresConnection
    ) throws(StoreError) {
        let list = columns.map(\.name.identifier).joined(separator: ", ")
        let filter = branch.map { " WHERE branch_id = \($0.description.literal)" } ?? ""
        _ = try connection.copyOut("COPY (SELECT \(list) FROM \(relation)\(filter)) TO STDOUT", "digest rows") { line in
            digester.add(line: Array(line)[...])
            return true
        }
    }
}
