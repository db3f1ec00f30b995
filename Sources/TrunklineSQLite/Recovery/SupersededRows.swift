internal import GRDB
internal import TrunklineCore

/// Keeps the rows of this office that a recovery replaces or drops.
struct SupersededRows {
    let stream: StreamID
    let db: Database

    func keep(_ group: LineGroup) throws {
        guard let (statement, kinds) = try statement(group.table) else { return }
        for line in group.lines {
            let values = zip(line.key.values, kinds).map { FieldReader.key($0, as: $1) }
            for (index, value) in values.enumerated() { try value.bind(to: statement, at: index + 1) }
            defer { statement.rewind() }
            while try statement.stepOnce(db) {}
        }
    }

    /// Nil while there is no such table.
    private func statement(_ table: TableHeader) throws -> (Statement, [WireKind])? {
        let mapping = TableMapping(table, of: stream)
        guard let shape = try TableKind.find(mapping.target.inSQLite, in: db).shape else { return nil }
        let key = table.key.map { "\(TableName.quoted($0)) = ?" }
        let conditions = (key + mapping.conditions(in: stream)).joined(separator: " AND ")
        let statement = try db.makeStatement(
            sql: """
                INSERT INTO trunkline_superseded_row (stream, table_name, row, reason, at)
                SELECT '\(stream.description.doubling("'"))', '\(table.name.description.doubling("'"))',
                    \(RowJSON.expression(of: shape.columns.map(\.name))), '\(RecoveryReason.branchKept.doubling("'"))', \(Timestamp.now)
                FROM \(TableName.quoted(shape.name)) WHERE \(conditions)
                """)
        let kinds = table.key.map { name in WireKind(wireType: table.columns.first { $0.name == name }!.type) }
        return (statement, kinds)
    }
}
