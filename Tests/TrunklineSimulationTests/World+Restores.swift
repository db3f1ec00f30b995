import TrunklineCore
import TrunklineSQLite

extension World {
    /// Whose database may be put back to an older backup in a world.
    enum Restores: Sendable { case none, branch, head }

    /// What somebody decided about a stopped stream when all was at rest, and the rows of both sides then.
    struct Case {
        var flow: Flow
        var mode: RecoveryMode
        var atSender: Set<String>
        var atReceiver: Set<String>
        /// How many rows were set aside there: each may be stored, over another image of its key, when it is retried.
        var setAside: Int
    }

    private var restorable: [SimulatedOffice] { plan.restores == .head ? [head] : branches }

    func backUp() throws {
        let office = draw(restorable)
        // An old one, most of the time.
        guard !office.hasBackup || chance(0.1) else { return }
        try office.backUp()
        log.note("\(office.id) is backed up")
    }

    /// The backup takes the database's place, and the services start anew. The tills go on.
    func restore() async throws {
        let offices = restorable.filter(\.hasBackup)
        guard !offices.isEmpty else { return }
        let office = draw(offices)
        for process in processes where process.office == office.id { await crash(process) }
        for flow in flows where flow.sender === office {
            lostEpochs[flow.stream, default: []].formUnion(try flow.epochs())
        }
        try office.restore()
        forgotten = ledger.count
        log.note("\(office.id) is restored")
        wake(office.id)
        if office.id == .head { refuses = try head.application.numbers("SELECT count(*) FROM refusing")! != [0] }
        for flow in flows {
            if flow.sender === office { mayStop.insert(flow.stream) }
            if flow.receiver === office { doubtful[flow.stream] = try flow.epoch() }
        }
    }

    /// Somebody decides about a stopped stream, if there is one, while all goes on.
    func decide() async throws {
        let waiting = try flows.filter { try $0.needsDecision() }
        guard !waiting.isEmpty else { return }
        let flow = draw(waiting)
        _ = try await decide(drawMode(for: flow), for: flow)
    }

    /// When all is at rest: somebody decides about each stream that stopped or was compared.
    func decideAll() async throws -> [Case] {
        var cases: [Case] = []
        for flow in try flows.filter({ try $0.needsDecision() }) {
            let decided = Case(
                flow: flow, mode: try drawMode(for: flow), atSender: try flow.rowsAtSender(),
                atReceiver: try flow.rowsAtReceiver(), setAside: try flow.setAsideRows())
            guard try await decide(decided.mode, for: flow) else {
                throw BrokenPromise("9. A restored database is noticed", "no recovery of \(flow.stream) can begin")
            }
            cases.append(decided)
        }
        return cases
    }

    /// Beginning with the name that the mode has at a branch: at the head it is `--keep-head` that lets the sender's state
    /// win.
    private func drawMode(for flow: Flow) throws -> RecoveryMode {
        draw(
            (try flow.isCompared() ? [.keepBranch] : [.compare, .keepBranch])
                + (plan.restores == .branch ? [.keepHead] : []))
    }

    /// As `trunkline recover` begins it.
    /// - Returns: false when the database was locked.
    private func decide(_ mode: RecoveryMode, for flow: Flow) async throws -> Bool {
        do {
            try await asOperator(of: flow.sender) { store in try await store.beginRecovery(of: flow.stream, mode) }
        } catch let error as StoreError where error.isTransient {
            log.note("\(flow.stream): \(error)")
            return false
        }
        log.note("\(flow.stream): \(mode.rawValue)")
        if mode != .compare { mayStop.remove(flow.stream) }
        if mode == .keepHead { keepsRows.insert(flow.stream) }
        lastDecisions[flow.stream] = mode
        wake(flow.sender.id)
        return true
    }
}
