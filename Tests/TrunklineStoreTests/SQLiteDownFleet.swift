import Foundation
import TrunklineCore
import TrunklineTesting

/// A head and its branches, each with a SQLite file of its own: the head writes, what a broker would carry is handed over
/// in the test's own steps.
struct SQLiteDownFleet {
    let headDatabase: TestOffice
    let head: any OfficeStore
    private let databases: [String: TestOffice]
    private let stores: [String: any OfficeStore]
    private let directory: TemporaryDirectory

    /// Makes the head's tables, adds the branches, and initialises all of them.
    /// - Parameters:
    ///   - added: branches that the head knows from the beginning.
    ///   - branch: what each branch's database has.
    ///   - listed: what each branch lists; nil: the head's tables.
    init(
        _ names: [String] = ["east", "west"], adding added: [String]? = nil, head sql: String, _ rules: [TableRule],
        branch: String = "", listing listed: [TableRule]? = nil, acceptsNew: Bool = false
    ) async throws {
        directory = try TemporaryDirectory()
        headDatabase = try TestOffice("head", .sqlite, in: directory)
        head = try Pair.store(headDatabase)
        var databases: [String: TestOffice] = [:]
        for name in names { databases[name] = try TestOffice(name, .sqlite, in: directory) }
        self.databases = databases
        stores = try databases.mapValues { try Pair.store($0) }
        try headDatabase.run(sql)
        _ = try await initialiseHead(rules)
        for name in added ?? names { _ = try await head.addBranch(OfficeID(name)!, brokerUser: name) }
        for name in names {
            if !branch.isEmpty { try databases[name]!.run(branch) }
            _ = try await initialise(name, listed ?? rules.map { TableRule($0.name, direction: .down) }, acceptsNew)
        }
    }

    @discardableResult
    func initialiseHead(_ rules: [TableRule]) async throws -> InitialisationReport {
        try await head.initialise(OfficeSetup(office: .head, role: .head, tables: rules))
    }

    @discardableResult
    func initialise(
        _ name: String, _ rules: [TableRule], _ acceptsNew: Bool = false
    ) async throws -> InitialisationReport {
        try await store(name).initialise(
            OfficeSetup(office: OfficeID(name)!, role: .branch, tables: rules, acceptsNew: acceptsNew))
    }

    func store(_ name: String) -> any OfficeStore { stores[name]! }
    func database(_ name: String) -> TestOffice { databases[name]! }
    func stream(_ name: String) -> StreamID { StreamID(from: .head, to: OfficeID(name)!) }

    func claim(_ name: String, changes: Int = 5_000) async throws -> ClaimedBatch? {
        try await head.claimBatch(of: stream(name), window: 64, changes: changes)
    }

    func read(_ claimed: ClaimedBatch) async throws -> [TableContent] {
        let reading = try await head.readBatch(claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        guard case .content(let tables) = reading else { throw TestFailure("too large") }
        return tables
    }

    @discardableResult
    func deliver(_ claimed: ClaimedBatch, to name: String) async throws -> ReceiveOutcome {
        let batch = try InboundBatch(message: BatchEncoder.encode(claimed, tables: try await read(claimed)))
        return try await store(name).receive(batch, parking: false)
    }

    func deliverAcks(_ name: String) async throws {
        for pending in try await store(name).pendingAcks(limit: 100) {
            _ = try await head.recordAck(pending.ack)
            try await store(name).removePendingAck(pending)
        }
    }

    /// Sends all that there is for a branch, and the acks back.
    /// - Returns: the rows and deletes of each batch.
    @discardableResult
    func sync(_ name: String, changes: Int = 5_000) async throws -> [Int] {
        var travelled: [Int] = []
        for _ in 0..<2 {
            _ = try await head.formVerification(of: stream(name))
            while let claimed = try await claim(name, changes: changes) {
                let tables = try await read(claimed)
                travelled.append(tables.reduce(0) { $0 + $1.rowCount + $1.deleteCount })
                let outcome = try await deliver(claimed, to: name)
                guard case .stored = outcome else { throw TestFailure("not stored: \(outcome)") }
                try await deliverAcks(name)
            }
        }
        return travelled
    }

    func syncAll(changes: Int = 5_000) async throws {
        for name in databases.keys.sorted() where try await head.outboundStreams().contains(stream(name)) {
            try await sync(name, changes: changes)
        }
    }

    /// Runs a verification of a branch's stream to its last round.
    func verify(_ name: String) async throws -> VerificationResult {
        let id = UUID()
        try await head.requestVerification(VerificationRequest(id: id, stream: stream(name)))
        while true {
            try await sync(name)
            guard let result = try await head.verificationResults(id).first(where: { $0.stream == stream(name) }) else {
                throw TestFailure("no verification result")
            }
            if !result.needsSecondRound { return result }
        }
    }

    func pending(_ name: String) async throws -> Int {
        guard let status = try await head.status().first(where: { $0.stream == stream(name) }) else {
            throw TestFailure("no stream to \(name)")
        }
        return status.pending
    }
}
