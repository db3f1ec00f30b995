import TrunklineTesting

/// What all offices hold of the shared tables, against each other and against what their editors committed.
///
/// Each value that was written is in the row, or somebody who had seen it wrote over it, or it is in a conflict that the
/// head keeps. So is each delete: its row is gone, though the key may have another one. And sums are exact.
struct SharedAudit {
    /// By what was looked at, where, as in `customer at east`.
    private(set) var offices: [String: OfficeAudit] = [:]
    let conflicts: [KeptConflict]

    init(_ site: ChaosSite, _ editors: [String: Editor]) async throws {
        conflicts = try await KeptConflict.all(at: site.head)
        for table in SharedTable.allCases {
            let edits = editors.values.flatMap(\.writes).filter { $0.table == table }
            let lines = try await onThread { [head = site.head] in try head.run(table.query) }.split(separator: "\n")
            let expected = ExpectedRows(
                lines: lines.map { String($0) }, keys: (table.start + edits).map { "\($0.key)" })
            for branch in site.branches {
                offices["\(table) at \(branch.id)"] = try await OfficeAudit(branch, table.query, expected)
            }
            let rows = Self.rows(lines)
            let kept = conflicts.filter { $0.table == table.rawValue }
            offices["writes of \(table)"] = OfficeAudit(lost: Self.lost(table, table.start + edits, rows, kept))
            if table == .stock { offices["sums of \(table)"] = OfficeAudit(lost: Self.wrongSums(edits, rows)) }
        }
    }

    private static func rows(_ lines: [Substring]) -> [Int: [String]] {
        let rows = lines.map { line in
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map { String($0) }
            return (Int(fields[0]) ?? 0, Array(fields[1...]))
        }
        return Dictionary(rows) { first, _ in first }
    }

    /// Keys, each with the column or the delete of which nothing is left.
    private static func lost(
        _ table: SharedTable, _ writes: [SharedWrite], _ rows: [Int: [String]], _ conflicts: [KeptConflict]
    ) -> Set<String> {
        let conflicts = Dictionary(grouping: conflicts, by: \.key)
        var lost: Set<String> = []
        for (key, writes) in Dictionary(grouping: writes, by: \.key) {
            let kept = conflicts["\(key)"] ?? []
            for write in writes {
                if write.after == nil, let made = write.before?.last, rows[key]?.last == made,
                    !kept.contains(where: { $0.isOverDelete(of: made) })
                {
                    lost.insert("\(key)'s delete")
                }
                for column in table.kept {
                    guard let value = write.after?[column], write.before?[column] != value else { continue }
                    let isWrittenOver = writes.contains {
                        $0.before?[column] == value && $0.after?[column] != value
                    }
                    let isThere = rows[key]?[column] == value || isWrittenOver
                    let name = table.columns[column]
                    guard !isThere, !kept.contains(where: { $0.head?[name] == value || $0.branch?[name] == value })
                    else { continue }
                    lost.insert("\(key)'s \(name)=\(value)")
                }
            }
        }
        return lost
    }

    /// What all offices began with, with every difference that somebody committed.
    private static func wrongSums(_ edits: [SharedWrite], _ rows: [Int: [String]]) -> Set<String> {
        func amount(_ row: [String]?) -> Int { row.flatMap { $0.last }.flatMap { Int($0) } ?? 0 }
        // Where offices begin with different rows the head's stands.
        var sums: [Int: Int] = [:]
        for office in SharedTable.offices.reversed() {
            for (key, row) in SharedTable.stock.start(at: office) { sums[key] = amount(row) }
        }
        for edit in edits { sums[edit.key, default: 0] += amount(edit.after) - amount(edit.before) }
        return Set(
            sums.compactMap { key, sum in
                rows[key]?.last == "\(sum)" ? nil : "\(key)=\(rows[key]?.last ?? "gone"), not \(sum)"
            })
    }
}
