extension ReceiverEngine {
    /// The receiver's answer to a claim, in the transaction that stored its batch, so that both sides are compared in
    /// the same state.
    func answer(
        _ claim: VerificationClaim, _ header: BatchHeader, _ inbound: InboundStream
    ) throws(StoreError) -> VerificationResult {
        var tables: [TableResult] = []
        for table in claim.tables {
            var result = try answer(table, header)
            result.notCompared = table.notCompared
            tables.append(result)
        }
        for table in claim.leftOut ?? [] {
            let problem = ShortReason.text("it stands still at \(header.stream.source): \(table.reason)")
            tables.append(
                TableResult(
                    name: table.name, rowsAtSender: 0, rowsAtReceiver: 0, differingBuckets: [], bucketCount: 0,
                    problem: problem, isLeftOut: true))
        }
        var result = VerificationResult(
            id: claim.id, round: claim.round, stream: header.stream, watermark: header.number, tables: tables)
        if let returns = claim.returns, header.recovery == .keepHead, header.stream.destination == .head {
            result.returned = try giveBack(returns, inbound, of: header.stream)
        }
        return result
    }

    private func answer(_ claim: TableClaim, _ header: BatchHeader) throws(StoreError) -> TableResult {
        let stream = header.stream
        func uncompared(_ problem: String?) -> TableResult {
            TableResult(
                name: claim.name, rowsAtSender: claim.rows, rowsAtReceiver: 0, differingBuckets: [],
                bucketCount: claim.bucketCount, problem: problem.map(ShortReason.text))
        }
        guard claim.isWellFormed else { return uncompared("the question is malformed") }
        // A branch would learn of rows that are not for it.
        guard claim.conflict == nil || stream.destination != .head else {
            return uncompared("shared tables are compared on their way down")
        }
        let table = TableHeader(
            name: claim.name, key: claim.key, columns: claim.columns, rows: 0, rowBytes: 0, deletes: 0, deleteBytes: 0,
            allNew: false, conflict: claim.conflict)
        /// Its keys are those of rows here, all the same.
        func unread(_ problem: String) throws(StoreError) -> TableResult {
            var result = uncompared(problem)
            if header.recovery != nil {
                result.highestKey = try sink.highestKey(table, named: claim.name, of: stream)
            }
            return result
        }
        switch try sink.fit(table, of: stream, for: .comparing) {
        case .missing:
            return uncompared(claim.rows == 0 ? nil : "there is no such table at \(stream.destination)")
        case .partly(let reason): return try unread(reason)
        case .unfit(let reason), .refused(let reason): return uncompared(reason)
        case .fits, .made: break
        }
        let kept = try books.keptKeys(of: claim.name, stream)
        var digester = claim.digester(leavingOut: kept)
        if let reason = try sink.scan(table, of: stream, into: &digester) { return try unread(reason) }
        guard let recovery = header.recovery else {
            var result = claim.compare(with: digester)
            result.keptAtReceiver = kept.isEmpty ? nil : kept.count
            return result
        }
        var result = claim.compare(with: digester, listing: TableResult.maximalRecoveryKeys)
        result.highestKey = try sink.highestKey(table, named: claim.name, of: stream)
        if recovery == .keepHead, claim.conflict == nil {
            let keys = result.differingKeys.filter { $0.kind != .onlyAtSender }.map(\.key)
            if !keys.isEmpty { try books.keep(keys, of: claim.name, stream) }
        }
        return result
    }
}
