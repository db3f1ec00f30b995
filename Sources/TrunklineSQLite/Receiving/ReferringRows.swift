internal import GRDB
internal import TrunklineCore

/// Rows of tables that this office writes, which would be deleted or changed along with a row that they refer to (`ON DELETE
/// CASCADE` and its like).
///
/// A delete that comes from elsewhere is no program's of this office, and who sent it may not know of them: a row that only
/// this office has would be gone. So it waits, as if the constraint had no action. What the office that deleted the row
/// deleted or changed with it comes as well.
struct ReferringRows {
    private let references: [(child: String, statement: Statement)]
    private let office: OfficeID
    private let db: Database

    /// - Parameters:
    ///   - parent: whose rows are deleted.
    ///   - conditions: SQL that finds one of them by the parameters `?1`, `?2`, ….
    init(to parent: TableShape, where conditions: String, _ db: Database) throws {
        self.db = db
        office = try Office.read(db, operation: "store rows").id
        references = try SyncedTable.all(db).flatMap { table in
            guard let child = try TableKind.find(table.name.inSQLite, in: db).shape else { return [Reference]() }
            return child.foreignKeys
                .filter { $0.actsOnDelete && FoldedName($0.parent) == FoldedName(parent.name) }
                .map { Reference(child: child, key: $0) }
        }.map { ($0.child.name, try db.makeStatement(sql: $0.sql(to: parent, where: conditions))) }
    }

    private struct Reference {
        let child: TableShape
        let key: TableShape.ForeignKey

        func sql(to parent: TableShape, where conditions: String) -> String {
            let columns = parent.columns(of: key)
            let isItself = child.name == parent.name
            let shown = columns.enumerated().map { "\(TableName.quoted($1)) AS r\($0)" }
            let own = isItself ? parent.key.enumerated().map { "\(TableName.quoted($1)) AS k\($0)" } : []
            let refers = key.columns.enumerated().map { "p.r\($0) = c.\(TableName.quoted($1))" }
            let isOther = parent.key.enumerated().map { "p.k\($0) IS NOT c.\(TableName.quoted($1))" }
            let others = isItself ? " AND (\(isOther.joined(separator: " OR ")))" : ""
            return """
                SELECT 1 FROM (SELECT \((shown + own).joined(separator: ", ")) FROM \(TableName.quoted(parent.name))
                    WHERE \(conditions)) AS p
                JOIN \(TableName.quoted(child.name)) AS c ON \(refers.joined(separator: " AND "))\(others) LIMIT 1
                """
        }
    }

    /// Why a row is not to be deleted yet; nil: it may be.
    /// - Parameter bind: gives the parameters of the condition.
    func refusal(_ bind: (Statement) throws -> Void) throws -> String? {
        for (child, statement) in references {
            defer { statement.rewind() }
            try bind(statement)
            if try statement.stepOnce(db) { return ReferringRowsReason.text(child, at: office) }
        }
        return nil
    }
}
