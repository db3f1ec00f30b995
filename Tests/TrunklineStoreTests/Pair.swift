import Foundation
import TrunklineCore
import TrunklinePostgres
import TrunklineSQLite
import TrunklineTesting

/// A branch `east` and a head, each with a real database of its own, joined by the contracts alone:
/// what a broker would carry is handed over in the test's own steps.
struct Pair {
    let branchDatabase: TestOffice
    let headDatabase: TestOffice
    let branch: any OfficeStore
    let head: any OfficeStore
    let stream = StreamID(from: OfficeID("east")!, to: .head)
    private let directory: TemporaryDirectory

    init(_ pairing: Pairing = Pairing(branch: .postgres, head: .postgres), headEncoding: String? = nil) throws {
        directory = try TemporaryDirectory()
        branchDatabase = try TestOffice("east", pairing.branch, in: directory)
        headDatabase = try TestOffice("head", pairing.head, in: directory, encoding: headEncoding)
        branch = try Pair.store(branchDatabase)
        head = try Pair.store(headDatabase)
    }

    static func store(_ office: TestOffice) throws -> any OfficeStore { try store(url: office.url) }

    static func store(url: String) throws -> any OfficeStore {
        if url.hasPrefix("sqlite:") { try SQLiteStore(url: url) } else { try PostgresStore(url: url) }
    }

    /// As another user of the same database.
    static func postgres(_ url: String, as role: String) throws -> PostgresStore {
        var parts = URLComponents(string: url)!
        parts.user = role
        return try PostgresStore(url: parts.string!)
    }

    /// Creates the tables at the branch and initialises both offices.
    /// - Parameter headEncoding: of the head's database in PostgreSQL.
    init(
        _ pairing: Pairing = Pairing(branch: .postgres, head: .postgres), headEncoding: String? = nil,
        branch sql: String, tables: [String], head headSQL: String = "", accepting accepted: [String] = []
    ) async throws {
        try self.init(pairing, headEncoding: headEncoding)
        try branchDatabase.run(sql)
        if !headSQL.isEmpty { try headDatabase.run(headSQL) }
        _ = try await head.initialise(
            OfficeSetup(office: .head, role: .head, tables: accepted.map { TableName(parsing: $0)! }))
        _ = try await initialiseBranch(tables)
    }

    @discardableResult
    func initialiseBranch(_ tables: [String]) async throws -> InitialisationReport {
        try await branch.initialise(
            OfficeSetup(office: stream.source, role: .branch, tables: tables.map { TableName(parsing: $0)! }))
    }

    /// The next batch, as the head would receive it; nil when there is none.
    func nextBatch(changes: Int = 5_000) async throws -> InboundBatch? {
        guard let claimed = try await branch.claimBatch(of: stream, window: 64, changes: changes) else { return nil }
        return try await build(claimed)
    }

    func build(_ claimed: ClaimedBatch) async throws -> InboundBatch {
        try InboundBatch(message: BatchEncoder.encode(claimed, tables: claimed.taken(of: try await read(claimed))))
    }

    /// What a claimed batch has now.
    func read(_ claimed: ClaimedBatch) async throws -> [TableContent] {
        let reading = try await branch.readBatch(claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        guard case .content(let tables) = reading else { throw TestFailure("too large") }
        return tables
    }

    func deliverAcks() async throws {
        for pending in try await head.pendingAcks(limit: 100) {
            _ = try await branch.recordAck(pending.ack)
            try await head.removePendingAck(pending)
        }
    }

    /// Sends what another user of the branch's database finds pending, and the acks back.
    func sync(from clerk: any OfficeStore) async throws {
        while let claimed = try await clerk.claimBatch(of: stream, window: 64, changes: 100) {
            guard
                case .content(let tables) = try await clerk.readBatch(
                    claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
            else { throw TestFailure("too large") }
            let batch = try InboundBatch(message: BatchEncoder.encode(claimed, tables: tables))
            _ = try await head.receive(batch, parking: false)
        }
        try await deliverAcks()
    }

    /// Sends everything that is pending, and the acks back.
    /// - Returns: rows and deletes that travelled.
    @discardableResult
    func sync(changes: Int = 5_000) async throws -> Int {
        var travelled = 0
        _ = try await branch.formVerification(of: stream)
        while let batch = try await nextBatch(changes: changes) {
            travelled += batch.header.tables.reduce(0) { $0 + $1.rows + $1.deletes }
            let outcome = try await head.receive(batch, parking: false)
            guard case .stored = outcome else { throw TestFailure("not stored: \(outcome)") }
            try await deliverAcks()
        }
        return travelled
    }

    /// Runs a verification to its last round.
    func verify() async throws -> VerificationResult {
        let id = UUID()
        try await branch.requestVerification(VerificationRequest(id: id, stream: stream))
        while true {
            try await sync()
            guard let result = try await branch.verificationResults(id).first else {
                throw TestFailure("no verification result")
            }
            if !result.needsSecondRound { return result }
        }
    }
}
