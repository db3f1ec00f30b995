import TrunklineCore
import TrunklineSQLite

/// The databases of the worlds that run one after the other on one thread: made once, and emptied before each world.
///
/// To open a database anew for each process of each world would take most of the time. So a process that did not die
/// leaves its store to the process of that name in the next world; one that died leaves nothing.
final class Site: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    let executor: WorldExecutor
    let mutation: Mutation
    let head: SimulatedOffice
    let branches: [SimulatedOffice]
    private let directory: WorldDirectory
    private var spare: [String: Store] = [:]

    struct Store {
        var store: SQLiteStore
        var probe: ConnectionProbe
    }

    init(_ template: OfficeTemplate, mutation: Mutation) throws {
        executor = WorldExecutor(name: "world")
        self.mutation = mutation
        directory = try WorldDirectory()
        var offices: [SimulatedOffice] = []
        for id in [.head] + OfficeTemplate.branches {
            let path = directory.file("\(id).db")
            try template.copy(id, to: path)
            let office = try SimulatedOffice(id, path: path)
            try mutation.prepare(office)
            offices.append(office)
        }
        head = offices.removeFirst()
        branches = offices
    }

    /// All as it was at the beginning, at the offices that a world is about.
    /// - Parameters:
    ///   - count: of the branches.
    ///   - latecomers: of them, those that the head does not know yet.
    ///   - sendsDown: whether the head has streams.
    func clear(branches count: Int, latecomers: Int, sendsDown: Bool) throws {
        let known = branches.prefix(count - latecomers)
        try head.clear(
            mutation.tables, streams: sendsDown ? known.map(\.downStream) : [], branches: known.map(\.id))
        for branch in branches.prefix(count) {
            try branch.clear(mutation.tables, streams: [branch.stream], branches: [])
        }
    }

    func takeStore(for process: String, of office: SimulatedOffice) throws -> Store {
        if let store = spare.removeValue(forKey: process) { return store }
        let probe = ConnectionProbe()
        let store = try SQLiteStore(url: "sqlite://\(office.path)") { probe.install(on: $0) }
        return Store(store: store, probe: probe)
    }

    func giveBack(_ store: Store, from process: String) {
        store.probe.life = nil
        spare[process] = store
    }

    func close() async {
        for store in spare.values { await store.store.close() }
        spare = [:]
        executor.stop()
    }
}
