import Foundation
import Testing
import TrunklineCore
import TrunklineTesting

/// A head and some branches that share tables, each with a real database of its own, joined by the contracts alone.
struct SharedOffices {
    let down: DownPair
    let names: [OfficeID]

    static let (east, west) = (DownPair.east, DownPair.west)
    static let customer = "create table customer (id integer primary key, name text, email text, points integer);"
    static let listing = "select id, name, email, points from customer order by id"

    /// - Parameters:
    ///   - head: what its database begins with.
    ///   - branch: the same of each branch's; nil: as the head's.
    init(
        _ pairing: Pairing, _ policy: ConflictPolicy, _ names: [OfficeID] = [SharedOffices.east, SharedOffices.west],
        table: String = "customer", head: String = SharedOffices.customer, branch: String? = nil,
        route: TableRoute = .all
    ) async throws {
        let rule = TableRule(TableName(table), direction: .shared, route: route, conflict: policy)
        try await self.init(pairing, names, rules: [rule], head: head, branch: branch)
    }

    init(
        _ pairing: Pairing, _ names: [OfficeID] = [SharedOffices.east, SharedOffices.west], rules: [TableRule],
        head: String, branch: String? = nil
    ) async throws {
        self.names = names
        let taken = rules.map { TableRule($0.name, direction: .shared, conflict: $0.conflict) }
        down = try await DownPair(pairing, names, head: head, branch: branch, rules, taking: taken)
    }

    var head: TestOffice { down.headDatabase }
    var east: TestOffice { down.branches[Self.east]!.database }
    var west: TestOffice { down.branches[Self.west]!.database }

    static func stream(_ branch: OfficeID) -> StreamID { StreamID(from: branch, to: .head) }

    /// The next batch of a branch, as the head would receive it; nil when there is none.
    /// - Parameters:
    ///   - ahead: by how many milliseconds the branch's clock seems to be.
    ///   - change: what it says in the place of what is so.
    func nextBatch(
        of branch: OfficeID, changes: Int = 5_000, ahead: Int64 = 0,
        lying change: (inout [TableContent]) -> Void = { _ in }
    ) async throws -> InboundBatch? {
        let store = down.branches[branch]!.store
        guard var claimed = try await store.claimBatch(of: Self.stream(branch), window: 64, changes: changes) else {
            return nil
        }
        let reading = try await store.readBatch(claimed, limits: ReadLimits(batchBytes: .max, rowBytes: 16 << 20))
        guard case .content(var tables) = reading else { throw TestFailure("too large") }
        change(&tables)
        claimed.clock = claimed.clock.map { $0 + ahead }
        return try InboundBatch(message: BatchEncoder.encode(claimed, tables: claimed.taken(of: tables)))
    }

    /// Sends all that a branch has for the head, and the acks back.
    /// - Returns: whether there was anything.
    @discardableResult
    func up(_ branch: OfficeID, changes: Int = 5_000) async throws -> Bool {
        var hasWorked = false
        while let batch = try await nextBatch(of: branch, changes: changes) {
            hasWorked = true
            let outcome = try await down.head.receive(batch, parking: false)
            guard case .stored = outcome else { throw TestFailure("not stored: \(outcome)") }
            try await deliverAcks(to: branch)
        }
        return hasWorked
    }

    func deliverAcks(to branch: OfficeID) async throws {
        for pending in try await down.head.pendingAcks(limit: 100) where pending.ack.stream == Self.stream(branch) {
            _ = try await down.branches[branch]!.store.recordAck(pending.ack)
            try await down.head.removePendingAck(pending)
        }
    }

    /// Everything travels until nothing is left.
    func settle() async throws {
        for _ in 0..<20 {
            var hasWorked = false
            for name in names { hasWorked = try await up(name) || hasWorked }
            for name in names {
                hasWorked = try await down.sync(name) > 0 || hasWorked
                try await down.deliverAcks(of: name)
                try await deliverAcks(to: name)
            }
            if !hasWorked { return }
        }
        throw TestFailure("it does not come to rest")
    }

    /// Lets the eastern branch, which was restored, come together with the head again.
    func recoverEast() async throws {
        let branch = down.branches[Self.east]!.store
        let stream = Self.stream(Self.east)
        for _ in 0..<14 {
            while let batch = try await nextBatch(of: Self.east) {
                _ = try await down.head.receive(batch, parking: false)
            }
            try await deliverAcks(to: Self.east)
            while let batch = try await down.nextBatch() { _ = try await branch.receive(batch, parking: false) }
            try await down.deliverAcks()
            let isStopped = try await branch.status().contains { $0.stream == stream && $0.stopped != nil }
            if isStopped { try await branch.beginRecovery(of: stream, .keepHead) }
            _ = try await branch.formVerification(of: stream)
        }
        try await settle()
    }

    /// The same rows of all offices; nil when they differ.
    func rows(_ sql: String = SharedOffices.listing) throws -> String? {
        let all = try [head.run(sql)] + names.map { try down.rows(sql, at: $0) }
        return Set(all).count == 1 ? all[0] : nil
    }

    /// What each office has, and the conflicts, to be shown where an expectation fails.
    func shown(_ sql: String = SharedOffices.listing) -> Comment {
        let offices = [("head", head)] + names.map { ($0.description, down.branches[$0]!.database) }
        let rows = offices.map { name, office in "\(name):\n\((try? office.run(sql)) ?? "?")" }
        let found = ((try? conflicts()) ?? []).map { "\($0.key) \($0.kind) \($0.outcome) \($0.branch)" }
        return Comment(rawValue: (rows + found).joined(separator: "\n"))
    }

    /// What is kept of conflicts, in the order in which they came.
    func conflicts() throws -> [Conflict] {
        let table = head.kind == .postgres ? "trunkline.conflict" : "trunkline_conflict"
        let found = try head.run("select details from \(table) order by id")
        return try found.split(separator: "\n").map {
            try JSONDecoder().decode(Conflict.self, from: Data($0.utf8))
        }
    }

    /// Changes a branch's rows as if somebody had passed its triggers over.
    func changeUnseen(_ office: TestOffice, _ sql: String) throws {
        try office.run(
            office.kind == .postgres
                ? "begin; set local trunkline.merging = 'on'; \(sql); commit"
                : "begin; insert into trunkline_merging values (1); \(sql); delete from trunkline_merging; commit")
    }
}
