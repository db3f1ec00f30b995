import Logging
import TrunklineCore

extension World {
    static let window = 3

    typealias Make = @Sendable (Life, Tools) -> any SteppedService

    /// The services of every office, some in two copies.
    func makeProcesses() -> [SimulatedProcess] {
        var processes: [SimulatedProcess] = []
        func add(
            _ kind: String, _ office: SimulatedOffice, boxes: [SimulatedBroker.Box],
            _ make: @escaping Make
        ) {
            for copy in 1...(plan.twice.contains(kind) ? 2 : 1) {
                let name = "\(office.id) \(kind)\(copy == 1 ? "" : " 2")"
                processes.append(
                    SimulatedProcess(name: name, kind: kind, office: office.id, isCopy: copy > 1, boxes: boxes) {
                        life in
                        let (database, store, link) = try! life.world.parts(of: life, in: office)
                        let tools = Tools(name: name, store: store, link: link, clock: life.world.clock.service)
                        return SimulatedProcess.Parts(
                            life: life, service: make(life, tools), database: database, link: link)
                    })
            }
        }
        add("ingestor", head, boxes: branches.map { .batches(of: $0.id) }) { _, tools in
            var configuration = Ingestor.Configuration(office: .head)
            configuration.retryEvery = .seconds(10)
            configuration.isConcurrent = false
            return Ingestor(
                name: tools.name, configuration: configuration, stores: [tools.store], inbox: tools.link,
                deadLetters: tools.link, logger: tools.logger, clock: tools.clock)
        }
        add("acker", head, boxes: []) { _, tools in
            Acker(name: tools.name, store: tools.store, outbox: tools.link, logger: tools.logger, clock: tools.clock)
        }
        for branch in branches { addServices(of: branch) { add($0, $1, boxes: $2, $3) } }
        return processes
    }

    private func addServices(
        of branch: SimulatedOffice,
        _ add: (String, SimulatedOffice, [SimulatedBroker.Box], @escaping Make) -> Void
    ) {
        let (id, stream, batchRows) = (branch.id, branch.stream, plan.batchRows)
        add("publisher", branch, []) { _, tools in
            var configuration = Publisher.Configuration.upstream(from: id)
            configuration.window = World.window
            configuration.batchRows = batchRows
            return Publisher(
                name: tools.name, configuration: configuration, store: tools.store, outbox: tools.link,
                logger: tools.logger, clock: tools.clock)
        }
        add("ack-listener", branch, [.acks(of: id)]) { _, tools in
            AckListener(
                name: tools.name, configuration: AckListener.Configuration(stream: stream), store: tools.store,
                inbox: tools.link, logger: tools.logger)
        }
        add("reaper", branch, []) { _, tools in
            var configuration = StaleReaper.Configuration(stream: stream)
            configuration.policy = StalePolicy(timeout: .zero, ceiling: .zero)
            return StaleReaper(
                name: tools.name, configuration: configuration, store: tools.store, outbox: tools.link,
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
