internal import TrunklineCore

/// Keys are equal here when they are spelled alike: a sender, and the change log, tell 'Pen' from 'pen' whatever the
/// collation of a column.
extension TableShape {
    /// The collations of the unique indexes over just these columns, in their order, the primary key's first.
    func collations(ofKey columns: [String]) -> [[String]] {
        let wanted = columns.map { $0.lowercased() }
        let own = Dictionary(zip(key.map { $0.lowercased() }, keyCollations), uniquingKeysWith: { a, _ in a })
        let others = uniqueIndexes.filter { $0.predicate == nil }.map { index in
            Dictionary(
                index.terms.map { term in
                    if case .column(let name) = term.value { (name.lowercased(), term.collation) } else { ("", "") }
                }, uniquingKeysWith: { a, _ in a })
        }
        return ([own] + others).filter { Set($0.keys) == Set(wanted) }.map { index in wanted.map { index[$0]! } }
    }

    /// What finds a row by its key, through the key's index: one condition for each of the columns.
    /// - Parameter place: what stands for the value of the column at this position; it may be named twice.
    func conditions(onKey columns: [String], _ place: (Int) -> String) -> [String] {
        let collations = collations(ofKey: columns).first ?? columns.map { _ in TableShape.exact }
        return zip(columns, collations).enumerated().map { position, column in
            [column.1, TableShape.exact].prefix(TableShape.isExact(column.1) ? 1 : 2).map {
                "\(TableName.quoted(column.0)) COLLATE \(TableName.quoted($0)) = \(place(position))"
            }.joined(separator: " AND ")
        }
    }

    /// This table's columns to which a foreign key of another table refers.
    func columns(of reference: ForeignKey) -> [String] {
        reference.parentColumns.isEmpty ? key : reference.parentColumns
    }

    static let exact = "BINARY"

    static func isExact(_ collation: String) -> Bool { collation.uppercased() == exact }
}
