import Logging
import TrunklineCore

extension World {
    static let window = 3

    typealias Make = @Sendable (Life, Tools) -> any SteppedService

    /// The services of every office, some in two copies, and what they send through.
    func makeProcesses() {
        addReceiver(at: head)
        if plan.sendsDown {
            broker.open(.acks(to: .head))
            addSender(at: head)
        }
        for branch in branches { makeProcesses(of: branch) }
    }

    func makeProcesses(of branch: SimulatedOffice) {
        broker.open(.batches(of: branch.stream))
        broker.open(.acks(to: branch.id))
        addSender(at: branch)
        guard plan.sendsDown else { return }
        broker.open(.batches(of: branch.downStream))
        addReceiver(at: branch)
    }

    private func add(_ kind: String, _ office: SimulatedOffice, _ make: @escaping Make) {
        for copy in 1...(plan.twice.contains(kind) ? 2 : 1) {
            let name = "\(office.id) \(kind)\(copy == 1 ? "" : " 2")"
            processes.append(
                SimulatedProcess(name: name, kind: kind, office: office.id, isCopy: copy > 1) { life in
                    let (database, store, link) = try! life.world.parts(of: life, in: office)
                    let tools = Tools(name: name, store: store, link: link, clock: life.world.clock.service)
                    return SimulatedProcess.Parts(
                        life: life, service: make(life, tools), database: database, link: link)
                })
        }
    }

    /// Whether a process waits for messages that are there.
    func hasMail(_ process: SimulatedProcess) -> Bool {
        switch process.kind {
        case "ingestor":
            branches.contains { branch in
                guard process.office == .head || process.office == branch.id else { return false }
                return broker.hasMessages(
                    in: .batches(of: process.office == .head ? branch.stream : branch.downStream), at: decision)
            }
        case "ack-listener": broker.hasMessages(in: .acks(to: process.office), at: decision)
        default: false
        }
    }

    private func addReceiver(at office: SimulatedOffice) {
        let id = office.id
        add("ingestor", office) { _, tools in
            var configuration = Ingestor.Configuration(office: id)
            configuration.retryEvery = .seconds(10)
            configuration.isConcurrent = false
            return Ingestor(
                name: tools.name, configuration: configuration, stores: [tools.store], inbox: tools.link,
                deadLetters: tools.link, logger: tools.logger, clock: tools.clock)
        }
        add("acker", office) { _, tools in
            Acker(name: tools.name, store: tools.store, outbox: tools.link, logger: tools.logger, clock: tools.clock)
        }
    }

    private func addSender(at office: SimulatedOffice) {
        let (id, batchRows) = (office.id, plan.batchRows)
        add("publisher", office) { _, tools in
            var configuration = Publisher.Configuration()
            configuration.window = World.window
            configuration.batchRows = batchRows
            return Publisher(
                name: tools.name, configuration: configuration, store: tools.store, outbox: tools.link,
                logger: tools.logger, clock: tools.clock)
        }
        add("ack-listener", office) { _, tools in
            AckListener(
                name: tools.name, configuration: AckListener.Configuration(office: id), store: tools.store,
                inbox: tools.link, logger: tools.logger, clock: tools.clock)
        }
        add("reaper", office) { _, tools in
            var configuration = StaleReaper.Configuration()
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
