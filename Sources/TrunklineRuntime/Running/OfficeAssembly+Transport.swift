public import TrunklineCore
internal import TrunklineRabbitMQ

extension OfficeAssembly {
    /// What a service has of the broker.
    public struct Links: Sendable {
        /// The service's own.
        let link: RabbitMQLink
        /// For what it does not understand; the broker may block it.
        let deadLetters: RabbitMQLink
    }

    /// Links on one connection but for those that must not share it.
    /// - Parameter name: of the process.
    public func links(for services: [OfficeService], of name: String) throws(BrokerError) -> [Links] {
        let shared = try connection(for: name)
        var links: [Links] = []
        for service in services {
            let link = RabbitMQLink(on: shared)
            links.append(Links(link: service.drains ? try self.link(for: service.name) : link, deadLetters: link))
        }
        return links
    }

    /// - Precondition: the settings were loaded for something that needs the broker.
    /// - Parameter name: what the broker is told that the connection is for.
    public func outbox(for name: String) throws(BrokerError) -> any Outbox { RabbitMQOutbox(try link(for: name)) }

    /// - Precondition: the settings were loaded for something that needs the broker.
    /// - Parameter name: what the broker is told that the connection is for.
    public func transportSetup(for name: String) throws(BrokerError) -> any TransportSetup { try link(for: name) }

    /// - Parameter telemetry: nil: nobody listens.
    func outbox(_ links: Links, _ telemetry: ServiceTelemetry?) -> any Outbox {
        let outbox = RabbitMQOutbox(links.link)
        return if let telemetry { ObservedOutbox(outbox, telemetry: telemetry) } else { outbox }
    }

    /// - Parameter telemetry: nil: nobody listens.
    func inbox(_ links: Links, _ telemetry: ServiceTelemetry?, prefetch: Int) -> any Inbox {
        let inbox = RabbitMQInbox(links.link, of: settings.office.id, prefetch: prefetch)
        return if let telemetry { ObservedInbox(inbox, telemetry: telemetry) } else { inbox }
    }

    /// A branch may write to no queue of dead letters.
    func deadLetters(_ links: Links) -> any DeadLetters {
        settings.office.role == .head ? RabbitMQDeadLetters(links.deadLetters) : NoDeadLetters()
    }

    private func link(for name: String) throws(BrokerError) -> RabbitMQLink {
        RabbitMQLink(on: try connection(for: name))
    }

    private func connection(for name: String) throws(BrokerError) -> RabbitMQConnection {
        guard let url = settings.broker.url else { preconditionFailure("\(name) did not ask for broker.url") }
        let configuration = try settings.broker.rabbitMQ(
            url: url, connectionName: "\(settings.office.id) \(name)", settings.receiver)
        guard let file = settings.broker.urlFile else { return RabbitMQConnection(configuration) }
        return RabbitMQConnection(
            configuration, rereadURL: { () throws(BrokerError) in try BrokerSettings.url(in: file, as: url) })
    }
}
