extension ReceiverEngine {
    /// Tries set-aside rows of one stream again, and tells the sender if any was stored.
    public func retrySetAside(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError)
        -> RetryOutcome
    {
        guard try books.lock(stream) != nil else { return RetryOutcome(tried: 0, stored: 0) }
        let outcome = try retry(stream, choice, limit: limit)
        if outcome.stored > 0 { try books.leaveAck(stream) }
        return outcome
    }

    /// - Precondition: the stream is locked.
    func retry(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError) -> RetryOutcome {
        let rows = try books.retryable(stream, choice, limit: limit)
        guard !rows.isEmpty else { return RetryOutcome(tried: 0, stored: 0) }
        var groups = ReceiverEngine.groups(of: rows.map(\.line))
        var failures = try takeUnfit(outOf: &groups, stream)
        failures += try takeKept(outOf: &groups, stream)
        failures += try sink.apply(groups, of: stream, individually: true)
        let byLine = Dictionary(failures.map { (Identity($0.line), $0) }, uniquingKeysWith: { a, _ in a })
        var stillFailing: [Int64: LineFailure] = [:]
        for row in rows { stillFailing[row.id] = byLine[Identity(row.line)] }
        try books.noteTried(rows, failures: stillFailing)
        return RetryOutcome(tried: rows.count, stored: rows.count - stillFailing.count)
    }

    /// Tells a line from the others of its stream.
    private struct Identity: Hashable {
        var table: TableName
        var isDelete: Bool
        var text: ArraySlice<UInt8>

        init(_ line: ReceivedLine) {
            table = line.table.name
            isDelete = line.isDelete
            text = line.text
        }
    }

    /// Rows of one shape together; the groups in the order of their first rows.
    private static func groups(of lines: [ReceivedLine]) -> [LineGroup] {
        var groups: [LineGroup] = []
        var index: [TableHeader: [Bool: Int]] = [:]
        var counts: [Int] = []
        for line in lines {
            if let position = index[line.table]?[line.isDelete] {
                groups[position].bytes += line.text
                if !line.misfits.isEmpty { groups[position].misfits[counts[position]] = line.misfits }
                counts[position] += 1
            } else {
                index[line.table, default: [:]][line.isDelete] = groups.count
                groups.append(LineGroup(line))
                counts.append(1)
            }
        }
        return groups
    }
}
