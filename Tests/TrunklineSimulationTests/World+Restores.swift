import TrunklineCore
import TrunklineSQLite

extension World {
    /// Whose database may be put back to an older backup in a world.
    enum Restores: Sendable { case none, branch, head }

    /// What somebody decided about a stopped stream when all was at rest, and the rows of both sides then.
    struct Case {
        var branch: SimulatedOffice
        var mode: RecoveryMode
        var atHead: Set<String>
        var atBranch: Set<String>
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
        try office.restore()
        log.note("\(office.id) is restored")
        for process in processes where process.office == office.id { process.hasNews = true }
        guard office.id == .head else {
            mayStop.insert(office.id)
            return
        }
        refuses = try head.application.numbers("SELECT count(*) FROM refusing")! != [0]
        for branch in branches { doubtful[branch.id] = try epoch(of: branch) }
    }

    /// Somebody decides about a stopped stream, if there is one, while all goes on.
    func decide() async throws {
        let waiting = try branches.filter(needsDecision)
        guard !waiting.isEmpty else { return }
        let branch = draw(waiting)
        _ = try await decide(drawMode(for: branch), for: branch)
    }

    /// When all is at rest: somebody decides about each stream that stopped or was compared.
    func decideAll() async throws -> [Case] {
        var cases: [Case] = []
        for branch in try branches.filter(needsDecision) {
            let decided = Case(
                branch: branch, mode: try drawMode(for: branch), atHead: try head.contents(of: branch.id),
                atBranch: try branch.contents())
            guard try await decide(decided.mode, for: branch) else {
                throw BrokenPromise("9. A restored database is noticed", "no recovery of \(branch.id) can begin")
            }
            cases.append(decided)
        }
        return cases
    }

    private func drawMode(for branch: SimulatedOffice) throws -> RecoveryMode {
        draw(
            (try isCompared(branch) ? [.keepBranch] : [.compare, .keepBranch])
                + (plan.restores == .branch ? [.keepHead] : []))
    }

    /// As `trunkline recover` begins it.
    /// - Returns: false when the database was locked.
    private func decide(_ mode: RecoveryMode, for branch: SimulatedOffice) async throws -> Bool {
        do {
            try await asOperator(of: branch) { store in try await store.beginRecovery(of: branch.stream, mode) }
        } catch let error as StoreError where error.isTransient {
            log.note("\(branch.id): \(error)")
            return false
        }
        log.note("\(branch.id): \(mode.rawValue)")
        if mode != .compare { mayStop.remove(branch.id) }
        if mode == .keepHead { keepsRows.insert(branch.id) }
        for process in processes where process.office == branch.id { process.hasNews = true }
        return true
    }

    func isStopped(_ branch: SimulatedOffice) throws -> Bool {
        try branch.application.numbers("SELECT stopped IS NOT NULL FROM trunkline_outbound") == [1]
    }

    func isStoppedAtHead(_ branch: SimulatedOffice) throws -> Bool {
        try head.application.numbers(
            "SELECT stopped IS NOT NULL FROM trunkline_inbound WHERE stream = '\(branch.stream)'") == [1]
    }

    /// It was compared, or will be, and somebody has to decide.
    func isCompared(_ branch: SimulatedOffice) throws -> Bool {
        try branch.application.numbers("SELECT recovery IS 'compare' FROM trunkline_outbound") == [1]
    }

    private func needsDecision(_ branch: SimulatedOffice) throws -> Bool {
        try isStopped(branch) || isCompared(branch)
    }

    private func epoch(of branch: SimulatedOffice) throws -> String {
        try branch.application.rows("SELECT epoch FROM trunkline_outbound")[0][0]!
    }
}
