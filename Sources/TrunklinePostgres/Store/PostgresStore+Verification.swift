import FoundationEssentials
public import TrunklineCore

extension PostgresStore {
    public func requestVerification(_ wish: VerificationRequest) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in try PostgresSending(connection).request(wish) }
    }

    public func isVerificationDue(of stream: StreamID) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in try isDue(stream, connection) }
    }

    private func isDue(_ stream: StreamID, _ connection: PostgresConnection) throws(StoreError) -> Bool {
        guard try connection.query(SenderStatements.openRequest, [stream.description]).rowCount > 0 else {
            return false
        }
        // What a load has still to bring the receiver does not have.
        return try !connection.query(SenderStatements.isLoading, [stream.description]).flag(0, 0)
    }

    public func formVerification(of stream: StreamID) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            guard try isDue(stream, connection) else { return false }
            // Who opens a wave keeps all other streams waiting until it is done: so everything is batched before, and the
            // comparison begins when it finds nothing more. Where somebody writes all the time, it opens one after all.
            for attempt in 1...Self.attempts {
                if try !formAll(stream, connection) { break }
                do throws(StoreError) {
                    if let formed = try formClaim(stream, opensWave: attempt == Self.attempts, connection) {
                        return formed
                    }
                } catch {
                    // Another copy formed a batch at the same moment.
                    guard error.databaseCode == "40001", connection.isOpen, attempt < Self.attempts else { throw error }
                }
            }
            return try formClaim(stream, opensWave: true, connection) ?? false
        }
    }

    private static let attempts = 5

    /// Batches all that is visible now.
    /// - Returns: false while no changes travel.
    private func formAll(_ stream: StreamID, _ connection: PostgresConnection) throws(StoreError) -> Bool {
        guard try PostgresSending(connection).outboundRecovery(stream).state?.mode.sendsChanges ?? true else {
            return false
        }
        while try connection.run("SELECT trunkline.form_batch($1, 5000)", [stream.description], "form batch")
            .value(0, 0) != nil
        {}
        return true
    }

    /// - Parameter opensWave: whether what is not batched yet is batched within the transaction.
    /// - Returns: nil when there was something; else whether a verification was still wished for.
    private func formClaim(
        _ stream: StreamID, opensWave: Bool, _ connection: PostgresConnection
    ) throws(StoreError) -> Bool? {
        // Where another copy forms a batch of the stream meanwhile, its row cannot be written to any more in this snapshot.
        // A lock from the beginning would keep its acks waiting for as long as its rows are read.
        let begin =
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '\(ReadingProblem.lockPatience)s'"
        return try connection.transaction("form verification", begin: begin) { () throws(StoreError) in
            if opensWave { try connection.query(SenderStatements.lockStream, [stream.description]) }
            let open = try connection.query(SenderStatements.openRequest, [stream.description])
            guard open.rowCount == 1 else { return false }
            let request = try JSONText.decode(VerificationRequest.self, open.text(0, 2), "verification request")
            if opensWave {
                _ = try formAll(stream, connection)
            } else if try !connection.query(SenderStatements.isBatched, [stream.description]).flag(0, 0) {
                return nil
            }
            let states = try CaptureState.all(connection).filter {
                // A shared table is compared downwards: there is all that the branch has.
                $0.table.captured && request.concerns($0.table.name)
                    && ($0.table.conflict == nil || stream.source == .head)
            }
            if let returns = try returns(wantedBy: request, connection) {
                return try form(
                    VerificationClaim(
                        id: request.id,
                        returns: returns.claim(
                            try shapes(
                                states.filter { $0.isReadable && $0.table.conflict == nil }.map(\.table.name),
                                connection))),
                    of: stream, connection)
            }
            var leftOut = states.filter { !$0.isReadable }.map {
                VerificationClaim.LeftOutTable(
                    name: $0.table.name, reason: ShortReason.text($0.standstill?.reason ?? "it is being seen to"))
            }
            let claim = VerificationClaim(
                id: request.id, round: request.round,
                tables: try claims(
                    request, stream.destination, states.filter(\.isReadable).map(\.table), &leftOut, connection),
                leftOut: leftOut)
            return try form(claim, of: stream, connection)
        }
    }

    private func form(
        _ claim: VerificationClaim, of stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) -> Bool {
        let formed = try connection.query(
            SenderStatements.formClaim, [stream.description, JSONText.encode(claim)])
        try connection.query(SenderStatements.lastID, [stream.description, formed.text(0, 1)])
        try connection.query(
            SenderStatements.requestFormed,
            [claim.id.uuidString, "\(claim.round)", formed.text(0, 0), stream.description])
        return true
    }

    /// How far rows came back for which the request asks; nil: it compares.
    private func returns(
        wantedBy request: VerificationRequest, _ connection: PostgresConnection
    ) throws(StoreError) -> ReturnsState? {
        let state = try PostgresSending(connection).outboundRecovery(request.stream).state
        return state?.verification == request.id ? state?.returns : nil
    }

    /// Parents before their children.
    private func shapes(
        _ tables: [TableName], _ connection: PostgresConnection
    ) throws(StoreError) -> [(name: TableName, key: [String], columns: [Column])] {
        let catalog = Catalog(connection)
        var shapes: [(name: TableName, key: [String], columns: [Column])] = []
        for name in try catalog.foreignKeyOrder(tables) {
            guard let table = try catalog.table(name) else { continue }
            shapes.append((name, table.key, table.columns.map { Column(name: $0.name, type: $0.wireType) }))
        }
        return shapes
    }

    private func claims(
        _ request: VerificationRequest, _ destination: OfficeID, _ readable: [SyncedTable],
        _ leftOut: inout [VerificationClaim.LeftOutTable], _ connection: PostgresConnection
    ) throws(StoreError) -> [TableClaim] {
        var tables: [(synced: SyncedTable, columns: [Column], expanding: [Catalog.TableColumn], rows: Int)] = []
        for synced in readable {
            guard let table = try Catalog(connection).table(synced.name) else { continue }
            let counted = try ReadingProblem.isolate(synced, connection, patience: nil) { () throws(StoreError) in
                try connection.run("SELECT count(*) FROM \(synced.rows(for: destination)) t", [], "count rows")
                    .integer(0, 0)!
            }
            guard case .success(let rows) = counted else {
                if case .failure(let failure) = counted {
                    leftOut.append(
                        VerificationClaim.LeftOutTable(
                            name: synced.name,
                            reason: failure.problem.reason))
                }
                continue
            }
            let expanding = RowSize.expanding(table.columns).filter { !synced.key.contains($0.name) }
            tables.append((synced, table.columns.map { Column(name: $0.name, type: $0.wireType) }, expanding, rows))
        }
        let told = try connection.query(SenderStatements.differences, [request.stream.description])
        var plan = ClaimPlan(
            request, rows: tables.map { ($0.synced.name, $0.rows) },
            differences: try JSONText.decode([TableDifference].self, told.text(0, 0), "differences"))
        var claims: [TableClaim] = []
        for table in tables {
            var claim = try plan.claim(name: table.synced.name, key: table.synced.key, columns: table.columns) {
                (columns: [Column], digester: inout RowDigester) throws(StoreError) in
                let names = Set(columns.map(\.name))
                try TableScan.digest(
                    table.synced.rows(for: destination), as: "t", columns,
                    expanding: table.expanding.filter { names.contains($0.name) }, &digester, connection)
            }
            claim.conflict = table.synced.conflict?.description
            claims.append(claim)
        }
        return claims
    }
}
