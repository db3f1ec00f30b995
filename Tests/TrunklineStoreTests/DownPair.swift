import Foundation
import TrunklineCore
import TrunklineTesting

/// A head that writes tables and some branches, each with a real database of its own, joined by the contracts alone.
struct DownPair {
    let headDatabase: TestOffice
    let head: any OfficeStore
    let branches: [OfficeID: (database: TestOffice, store: any OfficeStore)]
    private let directory: TemporaryDirectory

    static let (east, west) = (OfficeID("east")!, OfficeID("west")!)

    /// A catalogue that goes down to all.
    static let price = "create table price (id integer primary key, name text not null, cents integer not null);"
    static let prices = price + "insert into price values (1, 'tea', 150), (2, 'jam', 225), (3, 'ink', 400);"
    static let all = [TableRule(TableName("price"), direction: .down)]
    static let listing = "select id, name, cents from price order by id"

    /// Creates the tables at all offices, initialises them and adds the branches.
    init(
        _ pairing: Pairing, _ names: [OfficeID] = [DownPair.east], head sql: String, branch branchSQL: String? = nil,
        _ rules: [TableRule], taking branchRules: [TableRule]? = nil, acceptsNew: Bool = false
    ) async throws {
        directory = try TemporaryDirectory()
        headDatabase = try TestOffice("head", pairing.head, in: directory)
        head = try Pair.store(headDatabase)
        try headDatabase.run(sql)
        var offices: [OfficeID: (database: TestOffice, store: any OfficeStore)] = [:]
        for name in names {
            let database = try TestOffice(name.description, pairing.branch, in: directory)
            offices[name] = (database, try Pair.store(database))
            let made = branchSQL ?? sql
            if !made.isEmpty { try database.run(made) }
        }
        branches = offices
        _ = try await head.initialise(OfficeSetup(office: .head, role: .head, tables: rules))
        let taken = branchRules ?? rules.map { TableRule($0.name, direction: $0.direction) }
        for name in names {
            _ = try await branches[name]!.store.initialise(
                OfficeSetup(office: name, role: .branch, tables: taken, acceptsNew: acceptsNew))
            _ = try await head.addBranch(name, brokerUser: name.description)
        }
    }

    static func stream(_ branch: OfficeID) -> StreamID { StreamID(from: .head, to: branch) }

    /// The next batch for a branch, as it would receive it; nil when there is none.
    func nextBatch(for branch: OfficeID = DownPair.east, changes: Int = 5_000) async throws -> InboundBatch? {
        let stream = DownPair.stream(branch)
        guard let claimed = try await head.claimBatch(of: stream, window: 64, changes: changes) else { return nil }
        let reading = try await head.readBatch(claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        guard case .content(let tables) = reading else { throw TestFailure("too large") }
        return try InboundBatch(message: BatchEncoder.encode(claimed, tables: claimed.taken(of: tables)))
    }

    /// Sends all that a branch is to have, and the acks back.
    /// - Returns: rows and deletes that travelled.
    @discardableResult
    func sync(_ branch: OfficeID = DownPair.east, changes: Int = 5_000) async throws -> Int {
        let store = branches[branch]!.store
        var travelled = 0
        _ = try await head.formVerification(of: DownPair.stream(branch))
        while let batch = try await nextBatch(for: branch, changes: changes) {
            travelled += batch.header.tables.reduce(0) { $0 + $1.rows + $1.deletes }
            let outcome = try await store.receive(batch, parking: false)
            guard case .stored = outcome else { throw TestFailure("not stored: \(outcome)") }
            try await deliverAcks(of: branch)
        }
        return travelled
    }

    func deliverAcks(of branch: OfficeID = DownPair.east) async throws {
        let store = branches[branch]!.store
        for pending in try await store.pendingAcks(limit: 100) {
            _ = try await head.recordAck(pending.ack)
            try await store.removePendingAck(pending)
        }
    }

    /// Runs a verification to its last round.
    func verify(_ branch: OfficeID = DownPair.east) async throws -> VerificationResult {
        let id = UUID()
        try await head.requestVerification(VerificationRequest(id: id, stream: DownPair.stream(branch)))
        for _ in 0..<20 {
            try await sync(branch)
            if let result = try await head.verificationResults(id).first, !result.needsSecondRound { return result }
        }
        throw TestFailure("no verification result")
    }

    func rows(_ sql: String, at branch: OfficeID = DownPair.east) throws -> String {
        try branches[branch]!.database.run(sql)
    }

    /// What the head says of the first stream that it sends.
    func sending() async throws -> StreamStatus {
        guard let status = try await head.status().first(where: { $0.direction == .sending }) else {
            throw TestFailure("the head sends nothing")
        }
        return status
    }

    /// Lets the head read again what it could not, and sends what comes of that.
    func readAgain() async throws {
        let isPostgres = headDatabase.kind == .postgres
        try headDatabase.run(
            "update \(isPostgres ? "trunkline.synced_table" : "trunkline_synced_table") set read_again_at = \(isPostgres ? "now()" : "julianday('now')")"
        )
        // The tables are looked at every half second.
        for _ in 0..<2 {
            try await Task.sleep(for: .milliseconds(600))
            try await sync()
        }
    }
}
