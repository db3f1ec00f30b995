internal import TrunklineCore
internal import Yams

/// Reads the `route` of a table.
struct TableRouteReader {
    enum Key: String, CaseIterable { case column, through }
    enum MappingKey: String, CaseIterable { case table, from, to }

    static let throughExample = "{table: region_branch, from: region, to: branch_id}"
    static let example = "{column: branch_id}, or {column: region, through: \(throughExample)}"

    private var fields: TableFields<Key>

    init(_ mapping: Node.Mapping, of subject: String) { fields = TableFields(mapping, of: subject) }

    var problems: [String] { fields.problems }

    mutating func read() -> TableRoute? {
        fields.noteUnknownKeys()
        let column = fields.require(.column, hint: "write \(Self.example)")
        guard let node = fields[.through] else { return column.map(TableRoute.column) }
        guard let mapping = node.mapping else {
            fields.note("is not a mapping; write \(Self.throughExample)", of: .through)
            return nil
        }
        var through = TableFields<MappingKey>(mapping, of: "\(fields.subject): through")
        through.noteUnknownKeys()
        let table = through.table(
            .table, through.require(.table, hint: "name the table that maps the values of the column to branches"))
        let from = through.require(.from, hint: "name its column with the values of the table's own column")
        let to = through.require(.to, hint: "name its column with the names of branches")
        fields.add(through.problems)
        guard let column, let table, let from, let to else { return nil }
        return .mapping(column: column, through: table, from: from, to: to)
    }
}
