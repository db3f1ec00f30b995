internal import TrunklineCore

extension RowWriter {
    /// The rows that would be other ones here, by their index, with the first column of which that is so: they are never
    /// called stored. Of deletes, those of keys that no row here has. In our own sessions' settings.
    func inexactLines(_ group: LineGroup, _ target: Target) throws(StoreError) -> [Int: String] {
        let columns =
            group.isDelete
            ? target.key.compactMap { key in target.columns.first { $0.name == key } } : target.columns
        guard columns.contains(where: { $0.fit.differs("") != nil }) else { return [:] }
        let operation = "look for inexact values"
        try connection.script("SAVEPOINT exactness", operation)
        do throws(StoreError) {
            let stage = try stage(group.bytes, columns: columns.count)
            let found = try connection.run(
                """
                SELECT number, name FROM (
                    SELECT row_number() OVER (ORDER BY ctid) AS number, \(inexactColumn(columns) { $0 }) AS name FROM \(stage)
                ) s WHERE name IS NOT NULL
                """, [], operation)
            try connection.script("RELEASE exactness", operation)
            return Dictionary(
                uniqueKeysWithValues: (0..<found.rowCount).map { (found.integer($0, 0)! - 1, found.text($0, 1)) })
        } catch {
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO exactness; RELEASE exactness", operation)
            forgetStages()
        }
        // A value that is none of the type's at all made the question fail; it is refused when its row is stored.
        let marker = "inexact"
        let found = try eachLine(
            group.lines, columns: columns.count,
            """
            INSERT INTO pg_temp.trunkline_failed
                SELECT trunkline_line.number, \(marker.literal), n.name
                FROM (SELECT \(inexactColumn(columns) { "trunkline_line.\($0)" }) AS name) n WHERE n.name IS NOT NULL
            """)
        return Dictionary(
            uniqueKeysWithValues: found.filter { $0.code == marker }.map { ($0.line, $0.message) })
    }

    /// In SQL: the name of the first column that would hold another value; NULL: none would.
    private func inexactColumn(
        _ columns: [(name: String, castType: String, fit: ColumnFit)], _ value: (String) -> String
    ) -> String {
        let cases = columns.enumerated().compactMap { index, column in
            column.fit.differs(value("c\(index + 1)")).map { "WHEN \($0) THEN \(column.name.literal)" }
        }
        return "CASE \(cases.joined(separator: " ")) END"
    }
}
