import Logging
import TrunklineCore
import TrunklineSQLite
import TrunklineTesting

/// A head and its branches with all their services, in one process and on one thread, driven by one seed.
///
/// Everything is the product's own but the broker (``SimulatedBroker``), the clock, and the application at the tills.
/// The seed decides who runs next, where a process is held up or dies, what breaks, and what the tills write. One
/// thing happens at a time, so a seed always gives the same course of events.
final class World: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    let seed: UInt64
    let executor: WorldExecutor
    let clock = VirtualClock()
    let log: EventLog
    let broker: SimulatedBroker
    let head: SimulatedOffice
    /// Those that the head knows.
    var branches: [SimulatedOffice]
    /// Those that are added later.
    var latecomers: [SimulatedOffice]
    let plan: Plan
    var processes: [SimulatedProcess] = []
    var weather: Weather
    /// Counts what was decided so far.
    var decision = 0
    /// Rows that the head refuses just now.
    var refuses = false
    /// Streams whose sender was restored, and of which nobody decided since.
    var mayStop: Set<StreamID> = []
    /// Epochs that a sender began in a life that a restore ended: of these messages may still be on their way.
    var lostEpochs: [StreamID: Set<String>] = [:]
    /// Streams whose receiver kept rows in a recovery.
    var keepsRows: Set<StreamID> = []
    /// What somebody decided last.
    var lastDecisions: [StreamID: RecoveryMode] = [:]
    /// The epoch in which the receiver may have lost what it had acknowledged.
    var doubtful: [StreamID: String] = [:]
    /// The batch before each batch that was formed, by their ids.
    var predecessors: [String: String?] = [:]

    /// What the offices made of the tables that they share.
    var ledger: [SharedWrite] = []
    /// How many of them there were when a database was restored last.
    var forgotten = 0
    var markers = 0

    var mutation: Mutation { site.mutation }

    private let site: Site
    var random: SplitMix64
    private var links = 0
    private var waiter: CheckedContinuation<Void, Never>?

    init(seed: UInt64, site: Site, keepsLog: Bool) throws {
        self.seed = seed
        self.site = site
        executor = site.executor
        log = EventLog(isKept: keepsLog)
        var random = SplitMix64(seed: seed)
        plan = Plan(of: seed, drawnFrom: &random)
        weather = Weather(drawnFrom: &random)
        self.random = random
        head = site.head
        branches = Array(site.branches.prefix(plan.branches - plan.latecomers))
        latecomers = Array(site.branches[branches.count..<plan.branches])
        broker = SimulatedBroker()
        try site.clear(branches: plan.branches, latecomers: plan.latecomers, sendsDown: plan.sendsDown)
        for office in [head] + branches + latecomers {
            office.elapsed = { [clock] in clock.elapsed }
            if plan.sharesTables { office.skew = plan.skews[draw(0..<plan.skews.count)] }
        }
        makeProcesses()
    }

    /// The streams of the branches that the head knows.
    var flows: [Flow] {
        branches.flatMap { branch in
            [Flow(from: branch, to: head)] + (plan.sendsDown ? [Flow(downTo: branch, from: head)] : [])
        }
    }

    func chance(_ probability: Double) -> Bool {
        probability > 0 && Double.random(in: 0..<1, using: &random) < probability
    }

    func draw<Element>(_ elements: [Element]) -> Element { elements[draw(0..<elements.count)] }

    func draw(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    var offices: [SimulatedOffice] { [head] + branches }

    func nextLink() -> Int {
        links += 1
        return links
    }

    /// How likely a process is held up at a statement or broker call.
    func holds(_ process: String) -> Double {
        guard let slow = plan.slow, weather.hold > 0, process.contains(" \(slow)") else { return weather.hold }
        return max(weather.hold, 0.3)
    }

    func isCut(_ office: OfficeID) -> Bool {
        offices.contains { $0.id == office && $0.cutUntil > decision }
    }

    /// Lets a process go on until it is held up, or to the end of its step.
    func run(_ process: SimulatedProcess, stopping: Bool = false) async {
        await withCheckedContinuation { continuation in
            waiter = continuation
            process.run(in: self, stopping: stopping)
        }
        await process.bury()
        process.hasNews = process.result != .idle
        guard process.result == .worked else { return }
        wake(process.office)
    }

    /// Something happened at an office that its services may have to do with.
    func wake(_ office: OfficeID) {
        for process in processes where process.office == office { process.hasNews = true }
    }

    func isAwake(_ process: SimulatedProcess) -> Bool {
        if process.isHeld { return process.life!.heldUntil <= decision }
        return process.hasNews || hasMail(process)
    }

    func pass(_ time: Duration) {
        clock.advance(by: time)
        for process in processes { process.hasNews = true }
    }

    /// Called by the process that was let go.
    func isHeldUp() {
        let waiter = waiter!
        self.waiter = nil
        waiter.resume()
    }

    func parts(of life: Life, in office: SimulatedOffice) throws -> (Site.Store, any OfficeStore, SimulatedLink) {
        let database = try site.takeStore(for: life.name, of: office)
        database.probe.life = life
        let store = ProcessStore(site.mutation.store(database.store, office, life), life: life)
        return (database, store, SimulatedLink(life, office: office.id))
    }

    func takeStore(for process: String, of office: SimulatedOffice) throws -> Site.Store {
        try site.takeStore(for: process, of: office)
    }

    func giveBack(_ database: Site.Store, from process: String) { site.giveBack(database, from: process) }
}
