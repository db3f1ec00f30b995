import Logging
import TrunklineCore

extension World {
    static let window = 3

    /// The services of every office, some in two copies.
    func makeProcesses() -> [SimulatedProcess] {
        var processes: [SimulatedProcess] = []
        func add(
            _ kind: String, _ office: SimulatedOffice, queues: [String],
            _ make: @escaping @Sendable (Life, Tools) -> any SteppedService
        ) {
            for copy in 1...(plan.twice.contains(kind) ? 2 : 1) {
                let name = "\(office.id) \(kind)\(copy == 1 ? "" : " 2")"
                processes.append(
                    SimulatedProcess(name: name, kind: kind, office: office.id, isCopy: copy > 1, queues: queues) {
                        life in
                        let (database, store, link) = try! life.world.parts(of: life, in: office)
                        let tools = Tools(name: name, store: store, link: link, clock: life.world.clock.service)
                        return SimulatedProcess.Parts(
                            life: life, service: make(life, tools), database: database, link: link)
                    })
            }
        }
        let queues = branches.map { Topology.batchesQueue(of: $0.id) }
        add("ingestor", head, queues: queues) { _, tools in
            var configuration = Ingestor.Configuration(queue: Topology.headQueue, office: .head)
            configuration.prefetch = 4
            configuration.retryEvery = .seconds(10)
            configuration.isConcurrent = false
            return Ingestor(
                name: tools.name, configuration: configuration, stores: [tools.store], link: tools.link,
                logger: tools.logger, clock: tools.clock)
        }
        add("acker", head, queues: []) { _, tools in
            Acker(name: tools.name, store: tools.store, link: tools.link, logger: tools.logger, clock: tools.clock)
        }
        for branch in branches { addServices(of: branch) { add($0, $1, queues: $2, $3) } }
        return processes
    }

    private func addServices(
        of branch: SimulatedOffice,
        _ add: (String, SimulatedOffice, [String], @escaping @Sendable (Life, Tools) -> any SteppedService) -> Void
    ) {
        let (id, stream, batchRows) = (branch.id, branch.stream, plan.batchRows)
        add("publisher", branch, []) { _, tools in
            var configuration = Publisher.Configuration.upstream(from: id)
            configuration.window = World.window
            configuration.batchRows = batchRows
            return Publisher(
                name: tools.name, configuration: configuration, store: tools.store, link: tools.link,
                logger: tools.logger, clock: tools.clock)
        }
        add("ack-listener", branch, [Topology.acksQueue(of: id)]) { _, tools in
            AckListener(
                name: tools.name,
                configuration: AckListener.Configuration(queue: Topology.acksQueue(of: id), stream: stream),
                store: tools.store, link: tools.link, logger: tools.logger)
        }
        add("reaper", branch, []) { _, tools in
            var configuration = StaleReaper.Configuration(stream: stream, queue: Topology.batchesQueue(of: id))
            configuration.policy = StalePolicy(timeout: .zero, ceiling: .zero)
            return StaleReaper(
                name: tools.name, configuration: configuration, store: tools.store, link: tools.link,
                logger: tools.logger, clock: tools.clock)
        }
    }

    /// What a service is made of.
    struct Tools: Sendable {
        var name: String
        var store: any OfficeStore
        var link: SimulatedLink
        var clock: ServiceClock
        var logger: Logger { Logger(label: name) { _ in SwiftLogNoOpLogHandler() } }
    }
}
