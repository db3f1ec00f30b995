internal import TrunklineCore

/// Rows of a shared table that would be deleted or changed along with a row that they refer to (`ON DELETE CASCADE` and
/// its like).
///
/// What is done so where a delete comes from elsewhere is no program's change, and reaches nobody: a row that only this
/// office has would be gone. So such a delete waits, as if the constraint had no action. Who deleted the row deleted or
/// changed what referred to it there, and that comes as well.
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

    var reason: String { ReferringRowsReason.text(child) }

    /// SQL: whether there are any of a row `t`.
    var exist: String { "EXISTS (SELECT FROM \(relation) c WHERE \(condition))" }
}
