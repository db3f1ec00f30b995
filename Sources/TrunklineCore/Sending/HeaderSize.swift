/// What a header describes, well below what receivers take of one (``WireLimits``: 4 MiB and 2,000 tables), and as many lines of
/// shared tables as they take.
enum HeaderSize {
    private static let tables = 1_000
    private static let bytes = 1 << 20
    /// About what a column, or a misfit, takes beside its name and type.
    private static let overhead = 48

    /// How many changes fit, if those of the batch do not: so many are of no more tables and no more rows.
    static func fitting(_ tables: [TableContent], changes: Int) -> Int? {
        let shapes = tables.map { $0.columns.reduce(0) { $0 + $1.name.utf8.count + $1.type.utf8.count + overhead } }
        let misfits = tables.reduce(0) { $1.misfits.reduce($0) { $0 + $1.column.utf8.count + overhead } }
        let shared = tables.filter { $0.conflict != nil }
        let lines = shared.reduce(0) { $0 + $1.rowCount + $1.deleteCount }
        let sharedBytes = shared.reduce(0) { $0 + $1.rows.count + $1.deletes.count }
        if changes > 1, lines > SharedLimit.lines || lines > 1 && sharedBytes > SharedLimit.batchBytes {
            let fitting = min(
                changes * SharedLimit.lines / lines, changes * SharedLimit.batchBytes / max(1, sharedBytes))
            return max(1, min(fitting, changes - 1))
        }
        guard changes > 1, tables.count > HeaderSize.tables || shapes.reduce(misfits, +) > bytes else { return nil }
        let each = (shapes.max() ?? 0) + misfits / changes
        return max(1, min(HeaderSize.tables, bytes / max(1, each), changes - 1))
    }
}
