internal import GRDB
internal import TrunklineCore

/// Digests all rows of a table, as the lines in which they would travel.
enum TableScan {
    /// - Parameters:
    ///   - columns: names and wire types: the sender's, on both sides.
    ///   - branch: at the head, whose rows.
    static func digest(
        _ table: String, columns: [WireColumn], branch: OfficeID?, into digester: inout RowDigester, _ db: Database
    ) throws {
        let list = columns.map { TableName.quoted($0.name) }.joined(separator: ", ")
        let statement = try db.makeStatement(
            sql: "SELECT \(list) FROM \(TableName.quoted(table))\(branch == nil ? "" : " WHERE branch_id = ?")")
        defer { statement.rewind() }
        if let branch { try SQLiteValue.text(Array(branch.description.utf8)).bind(to: statement, at: 1) }
        let kinds = columns.map { WireKind(wireType: $0.type) }
        var line: [UInt8] = []
        while try statement.stepOnce(db) {
            line.removeAll(keepingCapacity: true)
            for (index, kind) in kinds.enumerated() {
                if index > 0 { line.append(UInt8(ascii: "\t")) }
                RawValue.with(statement, column: index) { _ = FieldWriter.append($0, as: kind, to: &line) }
            }
            line.append(UInt8(ascii: "\n"))
            digester.add(line: line[...])
        }
    }
}
