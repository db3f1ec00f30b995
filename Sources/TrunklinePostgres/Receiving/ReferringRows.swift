internal import TrunklineCore

/// Rows of tables that this office writes, which would be deleted or changed along with a row that they refer to (`ON DELETE
/// CASCADE` and its like).
///
/// A delete that comes from elsewhere is no program's of this office, and who sent it may not know of them: a row that only
/// this office has would be gone. So it waits, as if the constraint had no action. What the office that deleted the row
/// deleted or changed with it comes as well.
struct ReferringRows {
    private var child: String
    /// As SQL.
    private var relation: String
    /// Of a row `c` that refers to a row `t`.
    private var condition: String

    /// That of a foreign key's violation.
    static let code = "23503"

    static func find(_ target: Target, _ connection: PostgresConnection) throws(StoreError) -> [ReferringRows] {
        let found = try connection.query(ReceiverStatements.referringRows, [target.relation])
        return (0..<found.rowCount).map {
            ReferringRows(child: found.text($0, 0), relation: found.text($0, 1), condition: found.text($0, 2))
        }
    }

    func reason(at office: OfficeID) -> String { ReferringRowsReason.text(child, at: office) }

    /// SQL: whether there are any of a row `t`.
    var exist: String { "EXISTS (SELECT FROM \(relation) c WHERE \(condition))" }
}
