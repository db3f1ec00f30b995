extension SenderEngine {
    /// Takes a page of the rows that the receiver kept, and asks for the next.
    ///
    /// All of it in the transaction that records the ack: a page that comes twice, or late, finds another one waited for.
    func takeBack(
        _ result: VerificationResult, _ returns: ReturnsState, _ state: RecoveryState, _ report: RecoveryReport
    ) throws(StoreError) {
        let stream = result.stream
        try books.forgetWish(result.id, of: stream)
        guard let page = result.returned, !page.tables.isEmpty else {
            // A receiver of version 0.1 returns nothing, and keeps what it kept.
            guard result.returned != nil, returns.isWorthAnotherWalk else {
                return try go(on: returns.comparesAgain ? .keepHead : .resend, stream)
            }
            var report = report
            report.forgetNotReturned()
            try books.setReport(report, of: stream)
            return try go(on: .keepHead, stream, returns: returns.anotherWalk)
        }
        var next = returns
        next.taken = []
        var report = report
        for table in page.tables {
            next.pass(table.name, through: table.through)
            next.refused += table.withheld ?? 0
            report.note(table.name, returned: 0, notReturned: table.withheld ?? 0, reason: table.reason)
        }
        try store(page, newKeys: state.newKeys, of: stream, &next, &report)
        try books.setReport(report, of: stream)
        try go(on: .keepHead, stream, returns: next)
    }

    private func store(
        _ page: ReturnedRows, newKeys: Bool, of stream: StreamID, _ next: inout ReturnsState,
        _ report: inout RecoveryReport
    ) throws(StoreError) {
        let back = StreamID(from: stream.destination, to: stream.source)
        var failures: [LineFailure] = []
        var groups: [LineGroup] = []
        for group in page.tables.map(\.group) where !group.bytes.isEmpty {
            switch try books.ownTables.fit(group.table, of: back, for: .storing) {
            case .fits, .made: groups.append(group)
            case .missing:
                failures += LineFailure.all(group.lines, reason: "there is no such table any more")
            case .unfit(let reason), .refused(let reason), .partly(let reason):
                failures += LineFailure.all(group.lines, reason: reason)
            }
        }
        let inTheWay = try takeEqual(outOf: &groups, back)
        if !inTheWay.isEmpty {
            let outcome = try books.yield(to: inTheWay, newKeys: newKeys, of: stream)
            report = report.adding(outcome.tables)
            next.comparesAgain = next.comparesAgain || outcome.hasMoreThanNamed
        }
        let arrived = groups
        failures += try books.withoutLog(of: arrived, stream) { () throws(StoreError) in
            try books.ownTables.apply(arrived, of: back, individually: false)
        }
        let refused = Dictionary(grouping: failures, by: \.line.table.name)
        for table in page.tables {
            let failed = refused[table.name] ?? []
            let keys = Set(failed.map(\.line.key))
            next.taken += zip(table.group.lines, table.serials).filter { !keys.contains($0.0.key) }.map(\.1)
            next.refused += failed.count
            let stored = arrived.first { $0.table.name == table.name }?.lines.count { !keys.contains($0.key) } ?? 0
            next.stored += stored
            report.note(table.name, returned: stored, notReturned: failed.count, reason: failed.first?.reason)
        }
    }

    /// Takes out what is here as it comes.
    /// - Returns: the rows that are here under the keys of others.
    private func takeEqual(outOf groups: inout [LineGroup], _ back: StreamID) throws(StoreError) -> [TableResult] {
        var inTheWay: [TableResult] = []
        let limits = ReadLimits(batchBytes: 16 * ReturnLimit.pageBytes, rowBytes: 2 * ReturnLimit.rowBytes)
        for index in groups.indices {
            let table = groups[index].table
            let lines = groups[index].lines
            let found = try books.ownTables.rows(of: lines.map(\.key), table, of: back, limits)
            var equal: Set<Int> = []
            // What was not looked at may be in the way.
            var others = Array(found.considered..<lines.count)
            for row in found.rows {
                if case .line(let line) = row.content, line.isSame(as: lines[row.index]) {
                    equal.insert(row.index)
                } else {
                    others.append(row.index)
                }
            }
            _ = groups[index].take(at: equal)
            guard !others.isEmpty else { continue }
            inTheWay.append(
                TableResult(
                    name: table.name, rowsAtSender: others.count, rowsAtReceiver: others.count, differingBuckets: [],
                    bucketCount: 0,
                    differingKeys: others.map { KeyDifference(key: lines[$0].key, kind: .different) },
                    differences: others.count))
        }
        groups.removeAll(where: \.bytes.isEmpty)
        return inTheWay
    }
}

extension ReceivedLine {
    /// Whether both are one row, however a database writes its values.
    fileprivate func isSame(as other: ReceivedLine) -> Bool {
        misfits == other.misfits && canonicalFields == other.canonicalFields
    }

    private var canonicalFields: [[UInt8]] {
        let fields = text.dropLast().split(separator: CopyText.tab, omittingEmptySubsequences: false)
        return zip(fields, table.columns).map { CanonicalValue.apply(CanonicalValue.rule(for: $1.type), to: $0) }
    }
}
