public import Logging

/// Makes batches pending again that were sent and not acked in time, and prunes what was acked.
///
/// Time counts only while the link is up and the stream is drained, see ``Outbox/isDrained(_:)``: a batch that waits for
/// a receiver that is away is not lost, and a copy of it would only fill the broker. The broker is asked only while its
/// own books say that an ack is late, and then some ten times in a time-out: a thousand offices that are idle, or that
/// wait for a head that is away, cost it next to nothing.
public actor StaleReaper: SteppedService {
    public struct Configuration: Sendable {
        public var stream: StreamID
        public var policy = StalePolicy(timeout: .seconds(60), ceiling: .seconds(3_600))
        public var interval = Duration.seconds(2)
        /// Between two questions to the broker.
        var lookEvery: Duration { max(interval, policy.timeout / 10) }
        /// An ack is late after so long.
        var patience: Duration { min(policy.timeout / 4, .seconds(2)) }

        public init(stream: StreamID) { self.stream = stream }
    }

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any SenderStore & AdministrationStore
    private let outbox: any Outbox
    private let logger: Logger
    private let clock: ServiceClock
    private let telemetry: ServiceTelemetry

    /// Since when every look found the link up and the stream drained.
    private var quietSince: ContinuousClock.Instant?
    private var nextLook: ContinuousClock.Instant

    public init(
        name: String, configuration: Configuration, store: any SenderStore & AdministrationStore,
        outbox: any Outbox, logger: Logger, clock: ServiceClock = ServiceClock(),
        telemetry: ServiceTelemetry = .silent
    ) {
        self.name = name
        self.configuration = configuration
        self.store = store
        self.outbox = outbox
        self.logger = logger
        self.clock = clock
        self.telemetry = telemetry
        nextLook = clock.now
        telemetry.show([Metrics.staleBatches, Metrics.prunedBatches], configuration.stream.description)
    }

    public func step() async throws -> StepResult {
        let pruned = try await store.prune(configuration.stream)
        telemetry.count(Metrics.prunedBatches, by: pruned, configuration.stream.description)
        try await resetStale()
        return pruned > 0 ? .worked : .idle
    }

    private func resetStale() async throws {
        guard try await store.awaitsAck(of: configuration.stream, for: configuration.patience) else {
            quietSince = nil
            return try await outbox.keepAlive()
        }
        guard clock.now >= nextLook else { return try await outbox.keepAlive() }
        nextLook = clock.now + configuration.lookEvery
        if try await outbox.isDrained(configuration.stream) {
            quietSince = quietSince ?? clock.now
        } else {
            quietSince = nil
        }
        guard let quietSince else { return }
        let reset = try await store.resetStale(
            of: configuration.stream, policy: configuration.policy, quietFor: clock.now - quietSince)
        telemetry.count(Metrics.staleBatches, by: reset, configuration.stream.description)
        if reset > 0 {
            logger.notice(
                "batches were not acked in time and go again",
                metadata: [LogKey.stream: "\(configuration.stream)", LogKey.count: "\(reset)"])
        }
    }

    public func waitForWork() async throws {
        try await cancelWhenStopping { [interval = configuration.interval] in try await Task.sleep(for: interval) }
    }

    public func recover() async {
        quietSince = nil
        await outbox.close()
    }

    public func shutdown() async {
        await outbox.close()
        await store.close()
    }
}
