internal import GRDB
internal import TrunklineCore

/// Digests all rows of a table, as the lines in which they would travel.
enum TableScan {
    /// - Parameters:
    ///   - columns: names and wire types: the sender's, on both sides.
    ///   - conditions: which rows; none: all.
    static func digest(
        _ table: String, columns: [WireColumn], where conditions: [String] = [], into digester: inout RowDigester,
        _ db: Database
    ) throws {
        let list = columns.map { TableName.quoted($0.name) }.joined(separator: ", ")
        let statement = try db.makeStatement(
            sql:
                "SELECT \(list) FROM \(TableName.quoted(table)) WHERE \((["TRUE"] + conditions).joined(separator: " AND "))"
        )
        defer { statement.rewind() }
        let kinds = columns.map { WireKind(wireType: $0.type) }
        var line: [UInt8] = []
        while try statement.stepOnce(db) {
            line.removeAll(keepingCapacity: true)
            FieldWriter.append(statement, kinds, to: &line)
            digester.add(line: line[...])
        }
    }
}
