import FoundationEssentials
public import TrunklineCore

extension PostgresStore {
    public func requestVerification(_ wish: VerificationRequest) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in try PostgresSending(connection).request(wish) }
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
                if try PostgresSending(connection).outboundRecovery(stream).state?.mode.sendsChanges ?? true {
                    while try connection.run(
                        "SELECT trunkline.form_batch($1, 5000)", [stream.description], "form batch"
                    ).value(0, 0) != nil {}
                }
                let states = try CaptureState.all(connection).filter {
                    $0.table.captured && request.concerns($0.table.name)
                }
                let claim = VerificationClaim(
                    id: request.id, round: request.round,
                    tables: try claims(request, states.filter(\.isReadable).map(\.table), connection),
                    leftOut: states.filter { !$0.isReadable }.map {
                        VerificationClaim.LeftOutTable(
                            name: $0.table.name,
                            reason: ShortReason.text($0.standstill?.reason ?? "it is being seen to"))
                    })
                let formed = try connection.query(
                    SenderStatements.formClaim, [stream.description, JSONText.encode(claim)])
                try connection.query(SenderStatements.lastID, [stream.description, formed.text(0, 1)])
                try connection.query(
                    SenderStatements.requestFormed, [request.id.uuidString, "\(request.round)", formed.text(0, 0)])
                return true
            }
        }
    }

    private func claims(
        _ request: VerificationRequest, _ readable: [SyncedTable], _ connection: PostgresConnection
    ) throws(StoreError) -> [TableClaim] {
        var tables: [(synced: SyncedTable, columns: [Column], expanding: [Catalog.TableColumn], rows: Int)] = []
        for synced in readable {
            guard let table = try Catalog(connection).table(synced.name) else { continue }
            let rows = try connection.run("SELECT count(*) FROM \(synced.relation)", [], "count rows").integer(0, 0)!
            let expanding = RowSize.expanding(table.columns).filter { !synced.key.contains($0.name) }
            tables.append((synced, table.columns.map { Column(name: $0.name, type: $0.wireType) }, expanding, rows))
        }
        var plan = ClaimPlan(request, rows: tables.map { ($0.synced.name, $0.rows) })
        var claims: [TableClaim] = []
        for table in tables {
            claims.append(
                try plan.claim(name: table.synced.name, key: table.synced.key, columns: table.columns) {
                    (digester: inout RowDigester) throws(StoreError) in
                    try TableScan.digest(
                        table.synced.relation, table.columns, expanding: table.expanding, &digester, connection)
                })
        }
        return claims
    }
}
