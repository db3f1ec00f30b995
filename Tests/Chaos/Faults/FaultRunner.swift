import TrunklineTesting

/// Makes the faults of a script happen to a site, each undone by itself; several may be under way at once.
actor FaultRunner {
    private let site: ChaosSite
    private let log: @Sendable (String) -> Void
    private var busy: Set<Fault.Target> = []
    private var underWay: [Task<Void, Never>] = []
    /// Why a fault could not be done or undone: no fault of the system's.
    private var failure: (any Error)?
    private(set) var counts: [Fault.Kind: Int] = [:]

    init(_ site: ChaosSite, log: @escaping @Sendable (String) -> Void) {
        self.site = site
        self.log = log
    }

    var count: Int { counts.values.reduce(0, +) }

    /// Runs the script until the deadline, and returns when every fault is undone.
    func run(_ script: FaultScript, until deadline: ContinuousClock.Instant) async throws {
        var script = script
        // What would hit something that another fault has just now.
        var waiting: [FaultScript.Entry] = []
        while let entry = next(&waiting) ?? script.next() {
            try await Task.sleep(for: entry.after)
            await site.crew.noteDeserters()
            guard failure == nil, ContinuousClock.now < deadline else { break }
            if busy.contains(entry.fault.target) {
                waiting.append(entry)
            } else if isPossible(entry.fault) {
                start(entry)
            }
        }
        for task in underWay { await task.value }
        if let failure { throw failure }
    }

    /// The first whose target is there again.
    private func next(_ waiting: inout [FaultScript.Entry]) -> FaultScript.Entry? {
        let index = waiting.firstIndex { !busy.contains($0.fault.target) }
        return index.map { waiting.remove(at: $0) }
    }

    private func isPossible(_ fault: Fault) -> Bool {
        if case .fillDisk(let office) = fault { site.disks[office] != nil } else { true }
    }

    private func start(_ entry: FaultScript.Entry) {
        counts[entry.fault.kind, default: 0] += 1
        busy.insert(entry.fault.target)
        log("\(entry.fault), for \(Int(entry.lasts / .milliseconds(1))) ms")
        underWay.append(
            Task {
                do {
                    try await begin(entry.fault)
                    try await Task.sleep(for: entry.lasts)
                    try await end(entry.fault)
                    busy.remove(entry.fault.target)
                } catch {
                    failure = error
                }
            })
    }

    private func begin(_ fault: Fault) async throws {
        switch fault {
        case .killService(let name): try await site.crew.kill(name)
        case .pauseService(let name): await site.crew.pause(name)
        case .killBroker: try await site.broker.kill()
        case .pauseBroker: try await site.broker.pause()
        case .killPostgres(let office): try await site.servers[office]?.kill()
        case .cutLink(let office): site.links[office]?.set(.refusing)
        case .resetLink(let office): site.links[office]?.resetAll()
        case .holdLink(let office): site.links[office]?.set(.held)
        case .slowLink(let office, let condition), .lossyLink(let office, let condition):
            site.links[office]?.set(condition)
        case .fillDisk(let office): try site.disks[office]?.fill()
        }
    }

    private func end(_ fault: Fault) async throws {
        switch fault {
        case .killService(let name): try await site.crew.start(name)
        case .pauseService(let name): await site.crew.resume(name)
        case .killBroker: try await site.broker.start()
        case .pauseBroker: try await site.broker.resume()
        case .killPostgres(let office): try await site.servers[office]?.start()
        case .resetLink: break
        case .cutLink(let office), .holdLink(let office), .slowLink(let office, _), .lossyLink(let office, _):
            site.links[office]?.set(.good)
        case .fillDisk(let office):
            try site.disks[office]?.free()
            try await restart(site.servers[office])
        }
    }

    /// Once there is space again. A server that is just giving up still counts as running at the first look.
    private func restart(_ server: PrivatePostgres?) async throws {
        do { try await server?.start() } catch { try await server?.start() }
    }
}
