import FoundationEssentials
public import TrunklineCore

extension PostgresStore {
    public func requestVerification(_ wish: VerificationRequest) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in try request(wish, connection) }
    }

    func request(_ wish: VerificationRequest, _ connection: PostgresConnection) throws(StoreError) {
        try connection.query(
            SenderStatements.request,
            [wish.id.uuidString, "\(wish.round)", wish.stream.description, JSONText.encode(wish)])
    }

    public func formVerification(of stream: StreamID) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            guard try connection.query(SenderStatements.openRequest, [stream.description]).rowCount > 0 else {
                return false
            }
            // LOCK before the first query, so that the transaction's snapshot is taken while nobody forms batches.
            return try connection.transaction(
                "form verification",
                begin: "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE trunkline.outbound IN EXCLUSIVE MODE"
            ) { () throws(StoreError) in
                let open = try connection.query(SenderStatements.openRequest, [stream.description])
                guard open.rowCount == 1 else { return false }
                let request = try JSONText.decode(VerificationRequest.self, open.text(0, 2), "verification request")
                if try recovery(of: stream, connection)?.state.mode.sendsChanges ?? true {
                    while try connection.run(
                        "SELECT trunkline.form_batch($1, 5000)", [stream.description], "form batch"
                    ).value(0, 0) != nil {}
                }
                let claim = VerificationClaim(
                    id: request.id, round: request.round, tables: try claims(request, connection))
                let formed = try connection.query(
                    SenderStatements.formClaim, [stream.description, JSONText.encode(claim)])
                try connection.query(SenderStatements.lastID, [stream.description, formed.text(0, 1)])
                try connection.query(
                    SenderStatements.requestFormed, [request.id.uuidString, "\(request.round)", formed.text(0, 0)])
                return true
            }
        }
    }

    private func claims(_ request: VerificationRequest, _ connection: PostgresConnection) throws(StoreError)
        -> [TableClaim]
    {
        var claims: [TableClaim] = []
        // A table that stands still has no say; the status names it.
        for synced in try CaptureState.all(connection).filter(\.isReadable).map(\.table) where synced.captured {
            let wanted = request.buckets.first { $0.name == synced.name }
            if request.round > 1 && wanted == nil { continue }
            guard let table = try Catalog(connection).table(synced.name) else { continue }
            let columns = table.columns.map { Column(name: $0.name, type: $0.wireType) }
            let rows = try connection.run("SELECT count(*) FROM \(synced.relation)", [], "count rows").integer(0, 0)!
            var digester = RowDigester(
                columns: columns, key: synced.key,
                bucketCount: wanted?.bucketCount ?? RowDigester.bucketCount(forRows: rows),
                covered: Set(wanted?.buckets ?? []))
            try digest(synced.relation, columns, nil, &digester, connection)
            claims.append(
                digester.claim(
                    name: synced.name, key: synced.key, columns: columns, round: request.round,
                    covered: wanted?.buckets ?? []))
        }
        return claims
    }

    /// - Parameter branch: at the head, whose rows.
    private func digest(
        _ relation: String, _ columns: [Column], _ branch: OfficeID?, _ digester: inout RowDigester,
        _ connection: PostgresConnection
    ) throws(StoreError) {
        let list = columns.map(\.name.identifier).joined(separator: ", ")
        let filter = branch.map { " WHERE branch_id = \($0.description.literal)" } ?? ""
        _ = try connection.copyOut("COPY (SELECT \(list) FROM \(relation)\(filter)) TO STDOUT", "digest rows") { line in
            digester.add(line: Array(line)[...])
            return true
        }
    }

    /// The receiver's answer to a claim, in the transaction that stored its batch.
    func answer(_ claim: VerificationClaim, _ header: BatchHeader, _ connection: PostgresConnection) throws(StoreError)
        -> VerificationResult
    {
        var results: [TableResult] = []
        for table in claim.tables {
            results.append(try answer(table, header, connection))
        }
        return VerificationResult(
            id: claim.id, round: claim.round, stream: header.stream, watermark: header.number, tables: results)
    }

    private func answer(_ claim: TableClaim, _ header: BatchHeader, _ connection: PostgresConnection)
        throws(StoreError) -> TableResult
    {
        let stream = header.stream
        func uncompared(_ problem: String?) -> TableResult {
            TableResult(
                name: claim.name, rowsAtSender: claim.rows, rowsAtReceiver: 0, differingBuckets: [],
                bucketCount: claim.bucketCount, problem: problem)
        }
        guard claim.isWellFormed else { return uncompared("the question is malformed") }
        let target = try Target.find(claim.name, columns: claim.columns, key: claim.key, stream: stream, connection)
        switch target {
        case .missing:
            return uncompared(claim.rows == 0 ? nil : "there is no such table at \(stream.destination)")
        case .unfit(let reason): return uncompared(reason)
        case .found(let table):
            let kept = KeptRows(stream, connection)
            var digester = claim.digester(leavingOut: try kept.keys(of: claim.name))
            try digest(
                table.relation, claim.columns, table.hasBranchColumn ? stream.source : nil, &digester, connection)
            guard let recovery = header.recovery else { return claim.compare(with: digester) }
            var result = claim.compare(with: digester, listing: TableResult.maximalRecoveryKeys)
            result.highestKey = try highestKey(claim, table, stream, connection)
            if recovery == .keepHead { try kept.keep(result) }
            return result
        }
    }

    /// Of the rows that are stored, and of those that are set aside.
    private func highestKey(
        _ claim: TableClaim, _ table: Target, _ stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) -> Int64? {
        guard claim.key.count == 1, let type = claim.columns.first(where: { $0.name == claim.key[0] })?.type,
            ["smallint", "integer", "bigint"].contains(type)
        else { return nil }
        let filter = table.hasBranchColumn ? " WHERE branch_id = \(stream.source.description.literal)" : ""
        let highest = try connection.run(
            """
            SELECT (SELECT max(\(claim.key[0].identifier)) FROM \(table.relation)\(filter)),
                (SELECT max(substring(key FROM '^\\["([0-9]{1,18})"\\]$')::bigint) FROM trunkline.set_aside
                    WHERE stream = $1 AND table_name = $2)
            """, [stream.description, claim.name.description], "find highest key")
        // The column here may be of another type than the sender's.
        return [highest.integer(0, 0), highest.integer(0, 1)].compactMap { $0.map { Int64($0) } }.max()
    }
}
