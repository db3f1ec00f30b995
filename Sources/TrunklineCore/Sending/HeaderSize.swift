/// What a header describes, well below what receivers take of one (``WireLimits``: 4 MiB and 2,000 tables).
enum HeaderSize {
    private static let tables = 1_000
    private static let columns = 10_000

    /// How many changes fit, if those of the batch do not: so many are of no more tables.
    static func fitting(_ tables: [TableContent], changes: Int) -> Int? {
        let columns = tables.reduce(0) { $0 + $1.columns.count }
        guard changes > 1, tables.count > HeaderSize.tables || columns > HeaderSize.columns else { return nil }
        let widest = tables.reduce(1) { max($0, $1.columns.count) }
        return max(1, min(HeaderSize.tables, HeaderSize.columns / widest))
    }
}
