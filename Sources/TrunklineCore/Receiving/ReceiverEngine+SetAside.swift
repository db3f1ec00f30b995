extension ReceiverEngine {
    /// Tries set-aside rows of one stream again, and tells the sender if any was stored.
    public func retrySetAside(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError)
        -> RetryOutcome
    {
        guard let inbound = try books.lock(stream) else { return RetryOutcome(tried: 0, stored: 0) }
        if case .kept = choice, inbound.hasKeptRows, inbound.recovery?.sendsChanges == false {
            throw StoreError.keepsRows(stream)
        }
        // A line says itself whether its sender's clock was off.
        let context = SharedContext(stream, inbound, isClockOff: false)
        let outcome = try retry(
            choice, limit: limit, context, number: inbound.watermark.number, takesDifferences: inbound.takesDifferences)
        if outcome.stored > 0 { try noteDifferences(of: Set(inbound.differences.map(\.name)), inbound, stream) }
        if outcome.stored > 0 || choice.namesTable && outcome.tried > 0 { try books.leaveAck(stream) }
        return outcome
    }

    /// - Precondition: the stream is locked.
    /// - Parameter number: of the last batch.
    func retry(
        _ choice: RetryChoice, limit: Int, _ context: SharedContext, number: Int64, takesDifferences: Bool
    ) throws(StoreError) -> RetryOutcome {
        let stream = context.stream
        let rows = try books.retryable(stream, choice, limit: limit)
        guard !rows.isEmpty else { return RetryOutcome(tried: 0, stored: 0) }
        let lines = rows.map(\.line).filter { !$0.isWholeTable }
        var groups = ReceiverEngine.groups(of: lines.filter { !$0.isStoredInPart })
        // Whoever names the table wants to know anew: if it is still sent and still does not fit, its sender is told again.
        let unfit = try stillUnfit(rows.map(\.line).filter(\.isWholeTable), stream)
        var failures = choice.namesTable ? [] : unfit
        for group in ReceiverEngine.groups(of: lines.filter(\.isStoredInPart)) {
            let use: TableUse = stream.destination == .head ? .making : .extending
            guard case .partly(let reason) = try sink.fit(group.table, of: stream, for: use) else {
                groups.append(group)
                continue
            }
            if try fitsByNow(group.table, stream) { continue }
            failures += LineFailure.all(group.lines, reason: reason)
        }
        var releases = false
        if case .kept = choice { releases = true }
        let untaken = try takeUnfit(
            outOf: &groups, stream, asWhole: false, isRetry: true, keepsImages: releases)
        failures += untaken.filter { !$0.line.isStoredInPart }
        var kept: [ReceivedLine] = []
        if releases {
            var others = groups
            kept = try takeKept(outOf: &others, stream).map(\.line)
            try keepImages(replacedBy: ReceiverEngine.groups(of: kept), of: stream)
        } else {
            failures += try takeKept(outOf: &groups, stream)
        }
        // What came while the sender's rows stood replaces nothing without a copy.
        let copying = Set(lines.filter(\.keepsImage).map(Identity.init))
        for group in copying.isEmpty ? [] : groups where !group.table.isShared {
            var replacing = group
            _ = replacing.take { _, line in !copying.contains(Identity(line)) }
            if !replacing.bytes.isEmpty { try keepImages(replacedBy: [replacing], of: stream) }
        }
        let stored = try apply(groups, context, individually: true)
        // Of those there is a copy by now.
        let copied = stored.filter { copying.contains(Identity($0.line)) }
        failures += stored
        let unstored = Set(failures.map { Identity($0.line) })
        var storedInPart = untaken.filter { $0.line.isStoredInPart && !unstored.contains(Identity($0.line)) }
        sink.takeLeftOut(outOf: &storedInPart)
        if takesDifferences { try boundRowsInPart(&storedInPart, stream) }
        failures += storedInPart
        let byLine = Dictionary(failures.map { (Identity($0.line), $0) }, uniquingKeysWith: { a, _ in a })
        var stillFailing: [Int64: LineFailure] = [:]
        for row in rows { stillFailing[row.id] = byLine[Identity(row.line)] }
        try books.noteTried(rows, failures: stillFailing)
        try setAside(storedInPart + copied, of: stream, number: number, areNew: false)
        let forgotten = choice.namesTable ? unfit.count : 0
        var outcome = RetryOutcome(tried: rows.count, stored: rows.count - stillFailing.count - forgotten)
        // Only what a copy was made of.
        let taken = Dictionary(grouping: kept.filter { byLine[Identity($0)] == nil }, by: \.table.name)
        for (table, lines) in taken {
            outcome.released += try books.release(lines.map { $0.key.canonical(in: $0.table) }, of: table, stream)
        }
        return outcome
    }

    /// Whether the sender's table, as it came last, has no column any more that its table here lacks.
    private func fitsByNow(_ table: TableHeader, _ stream: StreamID) throws(StoreError) -> Bool {
        guard let shape = try books.shapes(of: [table.name], stream)[table.name], shape.key == table.key else {
            return false
        }
        var now = table
        now.columns = shape.columns
        return try sink.fit(now, of: stream, for: .storing) == .fits
    }

    /// The whole tables that still take no rows. One that is missing is made: whether it can be is what the entry is about.
    private func stillUnfit(_ lines: [ReceivedLine], _ stream: StreamID) throws(StoreError) -> [LineFailure] {
        var failures: [LineFailure] = []
        for line in lines {
            switch try sink.fit(line.table, of: stream, for: .making) {
            case .partly(let reason) where line.isStoredInPart:
                guard try !fitsByNow(line.table, stream) else { break }
                failures.append(LineFailure(line: line, reason: Self.allInPart(reason)))
            case .fits, .partly, .made, .missing: break
            case .unfit(let reason), .refused(let reason): failures.append(LineFailure(line: line, reason: reason))
            }
        }
        return failures
    }

    /// Forgets that tables took no rows, which take those of a batch; or would: of a table that is not taken its sender
    /// says how it looks, and no more.
    func forgetWholeTables(_ groups: [LineGroup], _ header: BatchHeader) throws(StoreError) {
        var fitting: Set<TableName> = []
        // Of one that lacks columns all rows may be to come once more. If not, that is found at its next try.
        for group in groups {
            // A delete that went by its key alone says nothing of the rows.
            guard header.tables.contains(where: { $0.name == group.table.name && $0.columns == group.table.columns })
            else { continue }
            if case .partly = try sink.fit(group.table, of: header.stream, for: .storing) { continue }
            fitting.insert(group.table.name)
        }
        for table in header.tables where table.rows + table.deletes == 0 {
            switch try sink.fit(table, of: header.stream, for: .making) {
            case .fits, .made, .missing: fitting.insert(table.name)
            case .partly, .unfit, .refused: break
            }
        }
        for table in fitting { try books.forgetSetAside([.wholeTable, .wholeTableInPart], of: table, header.stream) }
    }

    /// One line stands for all rows of a table that are stored but for some columns, where they are many.
    func boundRowsInPart(_ failures: inout [LineFailure], _ stream: StreamID) throws(StoreError) {
        let inPart = Dictionary(grouping: failures.filter(\.line.isStoredInPart), by: \.line.table.name)
        guard !inPart.isEmpty else { return }
        var rows = try books.setAsideSize(stream).rows
        for (table, lines) in inPart.sorted(by: { $0.key < $1.key }) {
            let isNoted = try books.isStoredInPart(table, stream)
            rows += lines.count
            guard isNoted || rows > Limit.rowsInPart else { continue }
            failures.removeAll { $0.line.isStoredInPart && $0.line.table.name == table }
            guard !isNoted else { continue }
            let keys = try books.keysStoredInPart(of: table, stream)
            try books.forgetSetAside(keys, of: table, stream)
            var line = ReceivedLine.wholeTable(lines[0].line.table)
            line.isStoredInPart = true
            failures.append(LineFailure(line: line, reason: Self.allInPart(lines[0].reason)))
            rows -= keys.count + lines.count - 1
        }
    }

    private static func allInPart(_ reason: String) -> String { "all rows come once more when it has that: \(reason)" }

    /// Forgets what was set aside of the keys of a batch.
    func forgetSetAside(_ groups: [LineGroup], _ stream: StreamID) throws(StoreError) {
        for group in groups {
            let lines = group.lines
            for portion in ReceiverEngine.portions(lines.map(\.text.count)) {
                try books.forgetSetAside(lines[portion].map(\.key), of: group.table.name, stream)
            }
        }
    }

    /// Keeps what could not be stored.
    /// - Parameter areNew: whether they come on top of what is set aside.
    func setAside(
        _ failures: [LineFailure], of stream: StreamID, number: Int64, areNew: Bool = true
    ) throws(StoreError) {
        guard !failures.isEmpty else { return }
        if areNew { try checkSize(of: failures, stream) }
        for portion in ReceiverEngine.portions(failures.map(\.line.text.count)) {
            try books.setAside(ReceiverEngine.distinct(failures[portion]), of: stream, number: number)
        }
    }

    private func checkSize(of failures: [LineFailure], _ stream: StreamID) throws(StoreError) {
        let size = try books.setAsideSize(stream)
        let bytes = failures.reduce(size.bytes) { $0 + $1.line.text.count }
        guard size.rows + failures.count > Limit.setAsideRows || bytes > Limit.setAsideBytes else { return }
        throw StoreError(
            .database, operation: "set rows aside", subject: "stream \(stream)",
            reason: "\(size.rows) rows of it are set aside already, and \(failures.count) more cannot be stored",
            hint: "mend what they have in common, then: trunkline retry")
    }

    /// One for each key, the last: a batch names a key once, but what was made of it may not.
    private static func distinct(_ failures: ArraySlice<LineFailure>) -> [LineFailure] {
        var seen: Set<String> = []
        return failures.reversed().filter { seen.insert("\($0.line.table.name) \($0.line.key)").inserted }.reversed()
    }

    /// Ranges of lines that are looked at together, so that a batch of long or of many lines needs little more memory than
    /// itself.
    /// - Parameter bytes: of each line.
    public static func portions(_ bytes: [Int]) -> [Range<Int>] {
        var portions: [Range<Int>] = []
        var start = 0
        var size = 0
        for (index, count) in bytes.enumerated() {
            if index > start, index - start == Limit.portionLines || size + count > Limit.portionBytes {
                portions.append(start..<index)
                (start, size) = (index, 0)
            }
            size += count
        }
        if start < bytes.count { portions.append(start..<bytes.count) }
        return portions
    }

    /// Tells a line from the others of its stream.
    private struct Identity: Hashable {
        var table: TableName
        var isDelete: Bool
        /// Of a whole table.
        var isInPart: Bool
        var text: ArraySlice<UInt8>

        init(_ line: ReceivedLine) {
            isInPart = line.isWholeTable && line.isStoredInPart
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
