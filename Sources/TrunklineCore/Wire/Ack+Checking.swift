extension Ack {
    /// Checks what an ack says before anything is done with it: whoever may send one may lie, and must not fill the
    /// sender's books, or make it fail where the acks of others wait behind it.
    /// - Throws: ``WireError``.
    mutating func check(_ limits: WireLimits) throws(WireError) {
        guard watermark >= 0, setAsideVersion >= 0, setAsideFrom ?? 0 >= 0, setAsideTotal >= 0,
            behind?.number ?? 0 >= 0, headerVersion ?? 1 >= 1,
            stopped?.number ?? 0 >= 0, verification?.watermark ?? 0 >= 0
        else { throw WireError(.malformed, "a negative count") }
        // Both are counted on from there.
        guard max(setAsideVersion, setAsideFrom ?? 0) <= BatchHeader.maximalSetAsideVersion, setAsideTotal <= 1 << 32
        else { throw WireError(.malformed, "a count of set-aside rows that no receiver comes to") }
        let listed = (setAside?.count ?? 0) + (gone?.count ?? 0)
        guard listed <= Ack.maximalNotices else {
            throw WireError(.tooLarge, "\(listed) rows are listed; the limit is \(Ack.maximalNotices)")
        }
        var bytes = 0
        for notice in setAside ?? [] { try Ack.check(notice.table, notice.key, &bytes, limits) }
        for key in gone ?? [] { try Ack.check(key.table, key.key, &bytes, limits) }
        guard bytes <= limits.listedKeyBytes else {
            throw WireError(.tooLarge, "the keys that it lists are over \(limits.listedKeyBytes) bytes")
        }
        for index in setAside?.indices ?? 0..<0 { setAside![index].reason = ShortReason.text(setAside![index].reason) }
        if let reason = stopped?.reason { stopped!.reason = ShortReason.text(reason) }
        held = held.map(ShortReason.text)
        try check(differences ?? [], limits)
        guard let verification else { return }
        guard (1...2).contains(verification.round), verification.stream == stream else {
            throw WireError(.malformed, "a result of a verification that nobody can have asked for")
        }
        try self.verification!.returned?.check(limits)
        guard verification.tables.count <= limits.tables else {
            throw WireError(.tooLarge, "a result of \(verification.tables.count) tables")
        }
        for index in verification.tables.indices {
            let table = verification.tables[index]
            try Ack.check(table.name, limits)
            try Ack.check(table)
            self.verification!.tables[index].problem = table.problem.map(ShortReason.text)
            for difference in table.differingKeys { try Ack.check(table.name, difference.key, &bytes, limits) }
        }
    }

    private func check(_ differences: [TableDifference], _ limits: WireLimits) throws(WireError) {
        let columns = differences.flatMap {
            $0.notStored + $0.notSent + $0.types.flatMap { [$0.column, $0.sent, $0.stored] }
        }
        guard differences.count <= TableDifference.mostTables, columns.count <= 3 * TableDifference.mostColumns else {
            throw WireError(.tooLarge, "the tables that differ are more than any receiver tells of")
        }
        guard columns.allSatisfy({ $0.utf8.count <= limits.nameBytes && !$0.utf8.contains(0) }),
            differences.allSatisfy({ $0.number >= 0 && (0...RowVersion.maximalClock).contains($0.since) })
        else { throw WireError(.malformed, "a difference that no table can have") }
        for difference in differences { try Ack.check(difference.name, limits) }
    }

    /// The sender looks into the buckets that differ: they are some that a claim can have.
    private static func check(_ table: TableResult) throws(WireError) {
        let counts = [table.rowsAtSender, table.rowsAtReceiver, table.differences, table.keptAtReceiver ?? 0]
        let buckets = table.differingBuckets
        guard counts.allSatisfy({ $0 >= 0 }), buckets.count <= TableClaim.bucketCounts.upperBound,
            table.differingKeys.count <= TableResult.maximalRecoveryKeys,
            table.problem != nil
                || TableClaim.isBucketCount(table.bucketCount)
                    && buckets.allSatisfy({ (0..<table.bucketCount).contains($0) })
        else { throw WireError(.malformed, "a result of a verification that no table can have") }
    }

    /// - Parameter bytes: of the keys so far.
    private static func check(
        _ table: TableName, _ key: RowKey, _ bytes: inout Int, _ limits: WireLimits
    ) throws(WireError) {
        try check(table, limits)
        let length = key.values.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        guard length <= limits.keyBytes else {
            throw WireError(.tooLarge, "a key of \(length) bytes; the limit is \(limits.keyBytes)")
        }
        bytes += length
        guard bytes <= limits.ackKeyBytes else {
            throw WireError(.tooLarge, "its keys are over \(limits.ackKeyBytes) bytes")
        }
    }

    private static func check(_ table: TableName, _ limits: WireLimits) throws(WireError) {
        let name = table.description
        guard name.utf8.count <= 2 * limits.nameBytes, !name.utf8.contains(0) else {
            throw WireError(.malformed, "a table's name that no database has")
        }
    }
}
