public import Logging
public import TrunklineCore

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
        let listener = telemetry ?? .silent
        let office = settings.office.id
        switch service {
        case .branchPublisher, .headPublisher:
            return Publisher(
                name: service.name, configuration: publisher(), store: store,
                verifications: service == .headPublisher ? try self.store() : nil, outbox: outbox(links, telemetry),
                logger: logger, telemetry: listener)
        case .branchAckListener, .headAckListener:
            return AckListener(
                name: service.name, configuration: .init(office: office), store: store,
                inbox: inbox(links, telemetry, prefetch: AckListener.prefetch), logger: logger, telemetry: listener)
        case .headIngestor, .branchIngestor:
            // To a branch leads one stream, beside whose batches there is only a look at the database now and then.
            let connections = service == .headIngestor ? OfficeAssembly.laneConnections : 2
            let more = try (1..<connections).map { _ in try self.store() }
            return Ingestor(
                name: service.name, configuration: ingestor(), stores: [store] + more,
                inbox: inbox(links, telemetry, prefetch: settings.receiver.prefetch),
                deadLetters: deadLetters(links), logger: logger, telemetry: listener)
        case .headAcker, .branchAcker:
            return Acker(
                name: service.name, store: store, outbox: outbox(links, telemetry), logger: logger,
                telemetry: listener)
        case .staleReaper:
            return StaleReaper(
                name: service.name, configuration: reaper(), store: store, outbox: outbox(links, telemetry),
                logger: logger, telemetry: listener)
        }
    }

    /// The stream that this branch sends to the head.
    public var upstream: StreamID { StreamID(from: settings.office.id, to: .head) }

    private func publisher() -> Publisher.Configuration {
        var configuration = Publisher.Configuration()
        configuration.window = settings.batch.window
        configuration.batchRows = settings.batch.rows
        configuration.batchBytes = settings.batch.bytes
        configuration.rowBytes = settings.batch.maxRowBytes
        configuration.idleInterval = settings.batch.idleInterval
        return configuration
    }

    private func ingestor() -> Ingestor.Configuration {
        var configuration = Ingestor.Configuration(office: settings.office.id)
        configuration.expectsMessages = settings.office.role == .head || settings.tables.hasDown(at: .branch)
        configuration.limits.messageBytes = settings.receiver.maxMessageBytes
        configuration.limits.bodyBytes = settings.receiver.maxBodyBytes
        configuration.retryEvery = settings.receiver.retryInterval
        return configuration
    }

    private func reaper() -> StaleReaper.Configuration {
        var configuration = StaleReaper.Configuration()
        configuration.policy = StalePolicy(timeout: settings.stale.timeout, ceiling: settings.stale.ceiling)
        return configuration
    }
}
