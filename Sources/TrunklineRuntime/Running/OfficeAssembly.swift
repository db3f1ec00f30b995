public import Logging
public import TrunklineCore
internal import TrunklineRabbitMQ

/// Makes an office's parts from its settings: stores, broker links, services.
///
/// Nothing here connects; the parts do so at their first call. Every service has a store and a link
/// of its own, since each closes its own when it stops; the links of a process share a connection
/// where they may.
public struct OfficeAssembly: Sendable {
    public let settings: Settings

    public init(_ settings: Settings) { self.settings = settings }

    /// Connections of the head's ingestor to its database: so many streams are stored at once.
    private static let laneConnections = 4

    /// A logger to stderr, whose every line names the office.
    public func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) {
            LineLogHandler(label: $0, settings: settings.log, write: StandardError.write)
        }
        logger[metadataKey: LogKey.office] = "\(settings.office.id)"
        return logger
    }

    /// Says which connections are open to whoever is on the way; for the start of a service.
    public func warnOfPlaintext(_ logger: Logger) {
        for connection in settings.plaintext {
            logger.warning("connection without TLS", metadata: [LogKey.place: "\(connection.key) \(connection.place)"])
        }
    }

    /// - Precondition: the settings were loaded for something that needs the broker.
    /// - Parameter name: what the broker is told that the connection is for.
    public func link(for name: String) throws(BrokerError) -> any BrokerLink {
        RabbitMQLink(on: try connection(for: name))
    }

    /// What a service has of the broker.
    public struct Links: Sendable {
        /// The service's own.
        public let link: any BrokerLink
        /// For what it does not understand; the broker may block it.
        public let deadLetters: any BrokerLink
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

    private func connection(for name: String) throws(BrokerError) -> RabbitMQConnection {
        guard let url = settings.broker.url else { preconditionFailure("\(name) did not ask for broker.url") }
        return RabbitMQConnection(
            try settings.broker.rabbitMQ(
                url: url, connectionName: "\(settings.office.id) \(name)", settings.receiver))
    }

    /// - Parameters:
    ///   - links: the service's own.
    ///   - telemetry: what the service tells of itself; nil: nobody listens.
    public func service(
        _ service: OfficeService, links: Links, logger: Logger, telemetry: ServiceTelemetry? = nil
    ) throws -> any SteppedService {
        let store = try store()
        return OwnedService(
            try self.service(service, store, links, logger: logger, telemetry: telemetry), of: settings.office.id,
            store: store)
    }

    private func service(
        _ service: OfficeService, _ store: any OfficeStore, _ links: Links, logger: Logger, telemetry: ServiceTelemetry?
    ) throws -> any SteppedService {
        let plain = links.link
        let link: any BrokerLink = if let telemetry { ObservedLink(plain, telemetry: telemetry) } else { plain }
        let listener = telemetry ?? .silent
        let office = settings.office.id
        switch service {
        case .branchPublisher:
            return Publisher(
                name: service.name, configuration: publisher(.upstream(from: office)), store: store, link: link,
                logger: logger, telemetry: listener)
        case .branchAckListener:
            return AckListener(
                name: service.name, configuration: .init(queue: Topology.acksQueue(of: office), stream: upstream),
                store: store, link: link, logger: logger, telemetry: listener)
        case .headIngestor:
            let more = try (1..<OfficeAssembly.laneConnections).map { _ in try self.store() }
            return Ingestor(
                name: service.name, configuration: ingestor(queue: Topology.headQueue), stores: [store] + more,
                link: link, deadLetters: links.deadLetters, logger: logger, telemetry: listener)
        case .headAcker:
            return Acker(name: service.name, store: store, link: link, logger: logger, telemetry: listener)
        case .staleReaper:
            return StaleReaper(
                name: service.name, configuration: reaper(queue: Topology.batchesQueue(of: office)), store: store,
                link: link,
                logger: logger, telemetry: listener)
        }
    }

    /// The stream that this branch sends to the head.
    public var upstream: StreamID { StreamID(from: settings.office.id, to: .head) }

    private func publisher(_ base: Publisher.Configuration) -> Publisher.Configuration {
        var configuration = base
        configuration.window = settings.batch.window
        configuration.batchRows = settings.batch.rows
        configuration.batchBytes = settings.batch.bytes
        configuration.rowBytes = settings.batch.maxRowBytes
        configuration.idleInterval = settings.batch.idleInterval
        return configuration
    }

    private func ingestor(queue: String) -> Ingestor.Configuration {
        var configuration = Ingestor.Configuration(queue: queue, office: settings.office.id)
        configuration.prefetch = settings.receiver.prefetch
        configuration.limits.messageBytes = settings.receiver.maxMessageBytes
        configuration.limits.bodyBytes = settings.receiver.maxBodyBytes
        configuration.retryEvery = settings.receiver.retryInterval
        return configuration
    }

    private func reaper(queue: String) -> StaleReaper.Configuration {
        var configuration = StaleReaper.Configuration(stream: upstream, queue: queue)
        configuration.policy = StalePolicy(timeout: settings.stale.timeout, ceiling: settings.stale.ceiling)
        return configuration
    }
}
