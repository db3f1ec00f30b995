/// What a claim says of each table, so that all of it fits: decided from the question and the tables' sizes.
public struct ClaimPlan {
    private let request: VerificationRequest
    private let rows: [TableName: Int]
    private let notStored: [TableName: Set<String>]
    private let bucketCounts: [TableName: Int]
    /// Rows that may still be named.
    private var room = VerificationLimit.entries

    /// - Parameters:
    ///   - rows: of each table that the question concerns, in the order of the claim.
    ///   - differences: what is known of the receiver's tables.
    public init(
        _ request: VerificationRequest, rows: [(name: TableName, count: Int)], differences: [TableDifference]
    ) {
        self.request = request
        notStored = Dictionary(
            differences.map { ($0.name, Set($0.notStored)) }, uniquingKeysWith: { first, _ in first })
        self.rows = Dictionary(rows.map { ($0.name, $0.count) }, uniquingKeysWith: { a, _ in a })
        let counts = RowDigester.bucketCounts(forRows: rows.map(\.count))
        bucketCounts = Dictionary(zip(rows.map(\.name), counts), uniquingKeysWith: { a, _ in a })
    }

    /// One table's claim, of the columns that the receiver stores as they are.
    /// - Parameter scan: adds all rows of the table, with these columns.
    public mutating func claim<Failure: Error>(
        name: TableName, key: [String], columns all: [Column],
        scan: ([Column], inout RowDigester) throws(Failure) -> Void
    ) throws(Failure) -> TableClaim {
        let absent = notStored[name, default: []].subtracting(key)
        let columns = all.filter { !absent.contains($0.name) }
        let wanted = request.buckets.first { $0.name == name }
        let bucketCount = wanted?.bucketCount ?? bucketCounts[name] ?? 16
        var covered =
            wanted.map {
                VerificationLimit.covered($0.buckets, of: bucketCount, rows: rows[name] ?? 0, room: room)
            } ?? []
        var digester = RowDigester(columns: columns, key: key, bucketCount: bucketCount, covered: Set(covered))
        try scan(columns, &digester)
        covered = digester.stillCovered(covered)
        room = max(0, room - digester.entries.count)
        var claim = digester.claim(
            name: name, key: key, columns: columns, round: request.round, covered: covered,
            isPartial: covered.count < (wanted?.buckets.count ?? 0))
        if columns.count < all.count { claim.notCompared = all.map(\.name).filter(absent.contains) }
        return claim
    }
}

extension VerificationRequest {
    /// Whether the claim says anything of this table.
    public func concerns(_ table: TableName) -> Bool { round == 1 || buckets.contains { $0.name == table } }
}
