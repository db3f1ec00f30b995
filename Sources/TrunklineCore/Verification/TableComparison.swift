extension RowDigester {
    /// How many buckets suit tables of so many rows: about 64 rows each, 16 at least, 4,096 at most, and no more than
    /// ``VerificationLimit/buckets`` in all, so that the claim fits into a header.
    public static func bucketCounts(forRows rows: [Int]) -> [Int] {
        var counts = rows.map { rows in
            var count = 16
            while count < 4_096, count * 64 < rows { count *= 2 }
            return count
        }
        while counts.reduce(0, +) > VerificationLimit.buckets, let most = counts.max(), most > 16 {
            counts = counts.map { $0 == most ? most / 2 : $0 }
        }
        return counts
    }

    /// What the sender says of the table after it added all its rows.
    public func claim(
        name: TableName, key: [String], columns: [Column], round: Int, covered: [Int], isPartial: Bool = false
    )
        -> TableClaim
    {
        TableClaim(
            name: name, key: key, columns: columns, rows: rows, buckets: round == 1 ? buckets : [],
            entries: round == 1 ? nil : entries, coveredBuckets: round == 1 ? nil : covered,
            bucketCount: buckets.count, isPartial: isPartial ? true : nil)
    }
}

extension TableClaim {
    /// The receiver's digester for this claim; add all rows of the sender, then ``compare(with:)``.
    /// - Parameter keys: rows that count on neither side, by ``RowKey/description``.
    public func digester(leavingOut keys: Set<String> = []) -> RowDigester {
        RowDigester(
            columns: columns, key: key, bucketCount: bucketCount, covered: Set(coveredBuckets ?? []), leavingOut: keys)
    }

    static let bucketCounts = 1...65_536

    /// Whether a table's rows can be put into so many buckets.
    static func isBucketCount(_ count: Int) -> Bool { bucketCounts.contains(count) && count & (count - 1) == 0 }

    /// Whether a claim that came from outside can be worked with.
    public var isWellFormed: Bool {
        let names = columns.map(\.name)
        return TableClaim.isBucketCount(bucketCount)
            && (entries == nil ? buckets.count == bucketCount : buckets.isEmpty)
            && (coveredBuckets ?? []).allSatisfy { (0..<bucketCount).contains($0) }
            && !key.isEmpty && Set(key).isSubset(of: names) && Set(names).count == names.count
    }

    /// - Parameters:
    ///   - own: a digester from ``digester()`` that has all the receiver's rows of the sender.
    ///   - listing: the most keys to list.
    public func compare(with own: RowDigester, listing: Int = TableResult.maximalKeys) -> TableResult {
        guard let entries else {
            let differing = buckets.indices.filter { buckets[$0] != own.buckets[$0] }
            return TableResult(
                name: name, rowsAtSender: rows, rowsAtReceiver: own.rows, differingBuckets: differing,
                bucketCount: bucketCount)
        }
        // Buckets that have more rows here than can be named are looked into by nobody.
        let covered = Set(own.stillCovered(coveredBuckets ?? []))
        let isPartial = isPartial == true || covered.count < (coveredBuckets ?? []).count
        let named = entries.filter { covered.contains(RowDigester.bucket(of: $0.key, count: bucketCount)) }
        let theirs = Dictionary(named.map { ($0.key, $0.hash) }, uniquingKeysWith: { a, _ in a })
        let ours = Dictionary(own.entries.map { ($0.key, $0.hash) }, uniquingKeysWith: { a, _ in a })
        var differences: [KeyDifference] = []
        for (key, hash) in theirs where ours[key] != hash {
            differences.append(KeyDifference(key: key, kind: ours[key] == nil ? .onlyAtSender : .different))
        }
        for key in ours.keys where theirs[key] == nil {
            differences.append(KeyDifference(key: key, kind: .onlyAtReceiver))
        }
        // What the receiver has comes first, so that a recovery that lists as many as it can gets on.
        differences.sort {
            let (isLate, isOtherLate) = ($0.kind == .onlyAtSender, $1.kind == .onlyAtSender)
            return isLate == isOtherLate ? $0.key.description < $1.key.description : isOtherLate
        }
        return TableResult(
            name: name, rowsAtSender: rows, rowsAtReceiver: own.rows, differingBuckets: [], bucketCount: bucketCount,
            differingKeys: Array(differences.prefix(listing)),
            // One more than is listed: there are buckets that nobody looked into.
            differences: isPartial ? max(differences.count, min(differences.count, listing) + 1) : differences.count)
    }
}
