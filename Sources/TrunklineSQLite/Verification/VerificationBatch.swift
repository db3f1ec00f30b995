internal import GRDB
internal import TrunklineCore

/// The batch of no changes that carries a claim: `preparing → pending`.
enum VerificationBatch {
    /// A `preparing` batch whose maker must have died.
    static func abandoned(_ stream: StreamID, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db,
            sql: """
                SELECT number FROM trunkline_batch
                WHERE stream = ? AND state = 'preparing' AND \(Timestamp.age(of: "formed_at")) > 600 LIMIT 1
                """, arguments: [stream.description])
    }

    /// Whether rows are still to be loaded that are no changes of the log: a claim would speak of what has not travelled.
    static func isLoading(_ stream: StreamID, _ db: Database) throws -> Bool {
        guard try Outbound.get(stream, db, operation: "formVerification").sendsChanges else { return false }
        return try TableLoad.next(of: stream, db) != nil
    }

    /// Cuts all that is there into batches, and takes the next number for the claim.
    /// - Parameter fixSnapshot: fixes the snapshot to be digested; nobody else can write just now.
    static func reserve(
        _ stream: StreamID, _ db: Database, fixSnapshot: () throws -> Void
    ) throws -> (request: VerificationRequest, number: Int64)? {
        guard let request = try VerificationRecord.wanted(stream, db), try !isLoading(stream, db) else { return nil }
        try fixSnapshot()
        let queue = BatchQueue(stream, db)
        if try Outbound.get(stream, db, operation: "formVerification").sendsChanges {
            while try queue.form(
                after: Outbound.get(stream, db, operation: "formVerification"), changes: 5_000, state: "pending") != nil
            {}
        }
        let outbound = try Outbound.get(stream, db, operation: "formVerification")
        let number = try queue.add(after: outbound, range: nil, changes: 0, state: "preparing")
        try VerificationRecord.setNumber(number, of: request, db)
        return (request, number)
    }

    /// What is said of the tables as they are in this transaction.
    static func claim(_ request: VerificationRequest, _ db: Database) throws -> VerificationClaim {
        if let state = try Recovery(request.stream, db).read().state, state.verification == request.id,
            let returns = state.returns
        {
            return VerificationClaim(id: request.id, returns: returns.claim(try returnableShapes(db)))
        }
        var standing = try Capture.standingTables(db).filter { request.concerns($0.table) }
        return VerificationClaim(
            id: request.id, round: request.round, tables: try claims(request, without: &standing, db),
            leftOut: standing.map {
                VerificationClaim.LeftOutTable(name: $0.table, reason: ShortReason.text($0.reason))
            })
    }

    /// The tables into which rows may come back, parents before their children.
    private static func returnableShapes(
        _ db: Database
    ) throws -> [(name: TableName, key: [String], columns: [WireColumn])] {
        let standing = Set(try Capture.standingTables(db).map(\.table))
        var shapes: [TableName: TableShape] = [:]
        for table in try SyncedTable.all(db) where table.conflict == nil && !standing.contains(table.name) {
            shapes[table.name] = try TableKind.find(table.name.inSQLite, in: db).shape
        }
        return TableShape.foreignKeyOrder(shapes).map { name in
            (name, shapes[name]!.key, shapes[name]!.wireColumns)
        }
    }

    private static func claims(
        _ request: VerificationRequest, without standing: inout [StandingTable], _ db: Database
    ) throws -> [TableClaim] {
        var tables: [(synced: SyncedTable, shape: TableShape, scope: [String], rows: Int)] = []
        let left = Set(standing.map(\.table))
        for table in try SyncedTable.all(db) where request.concerns(table.name) && !left.contains(table.name) {
            // A shared table is compared downwards: there is all that the branch has.
            guard table.conflict == nil || request.stream.source == .head else { continue }
            guard let shape = try TableKind.find(table.name.inSQLite, in: db).shape else { continue }
            let scope = RowScope(table: table).conditions(for: request.stream.destination.description)
            do {
                let rows = try ReadingProblem.isolate(table) {
                    try Int.fetchOne(
                        db.makeStatement(
                            sql: """
                                SELECT count(*) FROM \(TableName.quoted(shape.name))
                                WHERE \((["TRUE"] + scope).joined(separator: " AND "))
                                """))!
                }
                tables.append((table, shape, scope, rows))
            } catch let problem as ReadingProblem {
                standing.append(StandingTable(table: table.name, reason: problem.standstill))
            }
        }
        var plan = ClaimPlan(
            request, rows: tables.map { ($0.synced.name, $0.rows) },
            differences: try Outbound.get(request.stream, db, operation: "formVerification").differences)
        return try tables.map { table in
            var claim = try plan.claim(
                name: table.synced.name, key: table.shape.key, columns: table.shape.wireColumns
            ) { columns, digester in
                try TableScan.digest(table.shape.name, columns: columns, where: table.scope, into: &digester, db)
            }
            claim.conflict = table.synced.conflict?.description
            return claim
        }
    }

    static func finish(_ number: Int64, _ stream: StreamID, _ claim: VerificationClaim, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_batch SET verification = ?, state = 'pending'
                WHERE stream = ? AND number = ? AND state = 'preparing'
                """, arguments: [try JSONText.encode(claim), stream.description, number])
    }

    /// The number travels as an empty batch, and the wish stands again.
    static func void(_ number: Int64, _ stream: StreamID, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_batch SET state = 'pending' WHERE stream = ? AND number = ? AND state = 'preparing'",
            arguments: [stream.description, number])
        try db.execute(
            sql: "UPDATE trunkline_verification_request SET number = NULL WHERE stream = ? AND number = ?",
            arguments: [stream.description, number])
    }
}
