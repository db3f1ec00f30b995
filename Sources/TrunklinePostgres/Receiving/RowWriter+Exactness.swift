internal import TrunklineCore

extension RowWriter {
    /// The rows that would be other ones here, by their index, with the first column of which that is so: they are never
    /// called stored. In our own sessions' settings.
    func changedLines(_ group: LineGroup, _ target: Target) throws(StoreError) -> [Int: String] {
        let checks = target.columns.enumerated().compactMap { index, column in
            column.fit.differs("c\(index + 1)").map { (column.name, $0) }
        }
        guard !checks.isEmpty else { return [:] }
        return try changed(group.lines.map(\.text)[...], target.columns.count, checks)
    }

    /// A value that is none of the type's at all makes the question fail: it is found by halves, and refused later on.
    private func changed(
        _ lines: ArraySlice<ArraySlice<UInt8>>, _ columns: Int, _ checks: [(column: String, condition: String)]
    ) throws(StoreError) -> [Int: String] {
        try connection.script("SAVEPOINT exactness", "look for inexact values")
        do throws(StoreError) {
            let stage = try stage(lines.reduce(into: [UInt8]()) { $0 += $1 }[...], columns: columns)
            let first = checks.map { "WHEN \($0.condition) THEN \($0.column.literal)" }.joined(separator: " ")
            let found = try connection.run(
                """
                SELECT number, name FROM (
                    SELECT row_number() OVER (ORDER BY ctid) AS number, CASE \(first) END AS name FROM \(stage)
                ) s WHERE name IS NOT NULL
                """, [], "look for inexact values")
            try connection.script("RELEASE exactness", "look for inexact values")
            return Dictionary(
                (0..<found.rowCount).map { (lines.startIndex + found.integer($0, 0)! - 1, found.text($0, 1)) },
                uniquingKeysWith: { first, _ in first })
        } catch {
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO exactness; RELEASE exactness", "look for inexact values")
            forgetStages()
        }
        guard lines.count > 1 else { return [:] }
        let middle = lines.startIndex + lines.count / 2
        return try changed(lines[..<middle], columns, checks)
            .merging(changed(lines[middle...], columns, checks)) { first, _ in first }
    }
}
