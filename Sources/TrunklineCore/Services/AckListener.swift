internal import FoundationEssentials
public import Logging

/// Takes the acks of this office's batches, and the head's wishes for a verification.
///
/// Acknowledges to the broker only after the database has the ack. An ack is state, so one that
/// cannot be read is dropped with a warning: the next one says it all again.
public actor AckListener: SteppedService {
    public struct Configuration: Sendable {
        /// The stream that this office sends.
        public var stream: StreamID

        public init(stream: StreamID) { self.stream = stream }
    }

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any SenderStore & AdministrationStore
    private let inbox: any Inbox
    private let logger: Logger
    private let telemetry: ServiceTelemetry

    public init(
        name: String, configuration: Configuration, store: any SenderStore & AdministrationStore,
        inbox: any Inbox, logger: Logger, telemetry: ServiceTelemetry = .silent
    ) {
        self.name = name
        self.configuration = configuration
        self.store = store
        self.inbox = inbox
        self.logger = logger
        self.telemetry = telemetry
        telemetry.show(
            [Metrics.ackedBatches, Metrics.ackedRows, Metrics.ackedBytes, Metrics.ignoredAcks],
            configuration.stream.description)
    }

    public func step() async throws -> StepResult {
        let receiver = configuration.stream.destination
        if let missing = try await inbox.want([.ack, .verify], from: [receiver]).values.first { throw missing }
        guard let delivery = try await inbox.receive(within: .seconds(1)) else { return .idle }
        do {
            try await take(delivery)
        } catch let error as WireError {
            logger.warning("unreadable message dropped", metadata: [LogKey.reason: "\(error)"])
        }
        try await inbox.acknowledge(delivery)
        return .worked
    }

    /// ``step()`` has waited already.
    public func waitForWork() async throws {}

    public func recover() async { await inbox.close() }

    public func shutdown() async {
        await inbox.close()
        await store.close()
    }

    private func take(_ delivery: Delivery) async throws {
        switch delivery.kind.flatMap(Envelope.Kind.init(rawValue:)) {
        case .ack:
            let ack = try Ack(message: delivery.body)
            switch try await store.recordAck(ack) {
            case .recorded(let batches):
                note(batches, ack)
            case .resending:
                logger.warning(
                    "the receiver was restored from an older backup; what it lost goes again",
                    metadata: [LogKey.stream: "\(ack.stream)", LogKey.watermark: "\(ack.watermark)"])
            case .ignored(let reason):
                telemetry.count(Metrics.ignoredAcks, configuration.stream.description)
                logger.warning("ack ignored", metadata: [LogKey.stream: "\(ack.stream)", LogKey.reason: "\(reason)"])
            case .stopped(let reason):
                logger.error(
                    "stream stopped",
                    metadata: [LogKey.stream: "\(ack.stream)", LogKey.reason: "\(reason)"])
            }
        case .verify:
            guard let id = UUID(uuidString: String(decoding: delivery.body, as: UTF8.self)) else {
                throw WireError(.malformed, "a wish for a verification without an id")
            }
            try await store.requestVerification(VerificationRequest(id: id, stream: configuration.stream))
        case .batch, .halt, nil:
            throw WireError(.unsupported, "message type \(delivery.kind ?? "none") among acks")
        }
    }

    private func note(_ batches: [Acknowledgement], _ ack: Ack) {
        let stream = ack.stream.description
        telemetry.count(Metrics.ackedBatches, by: batches.count, stream)
        telemetry.count(Metrics.ackedRows, by: batches.reduce(0) { $0 + $1.rows }, stream)
        telemetry.count(Metrics.ackedBytes, by: batches.reduce(0) { $0 + $1.bytes }, stream)
        if !batches.isEmpty { telemetry.note(.progressed) }
        for batch in batches {
            logger.debug(
                "batch acked",
                metadata: [
                    LogKey.stream: "\(stream)", LogKey.batch: "\(batch.number)",
                    LogKey.batchID: "\(batch.id.logText)", LogKey.rows: "\(batch.rows)",
                    LogKey.setAside: "\(ack.setAsideTotal)",
                ])
        }
    }
}
