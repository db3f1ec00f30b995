extension ReceiverEngine {
    /// Lets go of the kept rows that the sender has now, and answers with the next ones.
    ///
    /// It may be asked twice: what is gone is gone, and a page that nobody took is read again.
    func giveBack(_ claim: ReturnsClaim, _ inbound: InboundStream, of stream: StreamID) throws(StoreError)
        -> ReturnedRows
    {
        try release(claim, inbound, stream)
        var page = ReturnedRows()
        var rows = ReturnLimit.rows
        var bytes = ReturnLimit.pageBytes
        for wanted in claim.tables {
            let kept = try books.keptRows(of: wanted.name, stream, after: wanted.after, limit: rows)
            guard !kept.isEmpty else { continue }
            switch try sink.fit(wanted.header, of: stream, for: .storing) {
            case .fits, .partly, .made: break
            case .missing, .unfit, .refused: continue
            }
            let keys = kept.map(\.key)
            var found = try sink.rows(
                of: keys, wanted.header, of: stream,
                ReadLimits(batchBytes: bytes, rowBytes: ReturnLimit.rowBytes))
            if found.considered == 0, page.tables.isEmpty {
                // A row that is larger than a page goes alone.
                let limits = ReadLimits(batchBytes: .max, rowBytes: ReturnLimit.rowBytes)
                found = try sink.rows(of: [keys[0]], wanted.header, of: stream, limits)
            }
            guard found.considered > 0 else { break }
            var table = ReturnedRows.Table(wanted)
            add(found, of: kept, to: &table)
            page.tables.append(table)
            rows -= found.considered
            bytes -= table.lines.count
            guard found.considered == kept.count, rows > 0, bytes > 0 else { break }
        }
        return page
    }

    private func add(_ found: FoundRows, of kept: [KeptRow], to table: inout ReturnedRows.Table) {
        let byIndex = Dictionary(found.rows.map { ($0.index, $0.content) }, uniquingKeysWith: { first, _ in first })
        for (index, row) in kept[..<found.considered].enumerated() {
            switch byIndex[index] {
            case .line(let line): table.add(line, serial: row.serial)
            case .problem(let problem): table.withhold(problem)
            case nil: table.withhold("there is no row of this key any more")
            }
        }
        table.through = kept[found.considered - 1].serial
    }

    /// From now on these keys are compared and taken like any others. What was set aside because their rows were kept was
    /// put aside by the sender before it took them.
    private func release(_ claim: ReturnsClaim, _ inbound: InboundStream, _ stream: StreamID) throws(StoreError) {
        guard !claim.taken.isEmpty else { return }
        let released = try books.release(claim.taken, stream)
        guard inbound.hasSetAside else { return }
        for table in claim.tables {
            let keys = Set((released[table.name] ?? []).map(\.description))
            guard !keys.isEmpty else { continue }
            let spelled = try books.setAsideKeys(of: table.name, stream).filter {
                keys.contains($0.canonical(in: table.header).description)
            }
            if !spelled.isEmpty { try books.forgetSetAside(spelled, of: table.name, stream) }
        }
    }

    /// In a recovery in which the sender's rows stand, what an earlier one kept gives way. What was set aside in its tables
    /// is compared and comes again: stored from the list, it would replace the receiver's rows without a copy.
    func releaseAll(_ stream: StreamID) throws(StoreError) {
        for table in try books.releaseAll(stream) {
            let keys = try books.setAsideKeys(of: table, stream).filter { !$0.isOfWholeTable }
            if !keys.isEmpty { try books.forgetSetAside(keys, of: table, stream) }
        }
    }
}
