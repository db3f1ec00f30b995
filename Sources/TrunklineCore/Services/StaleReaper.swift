public import Logging

/// Makes batches pending again that were sent and not acked in time, and prunes what was acked.
///
/// Time counts only while the link is up and the receiver's queue is drained: a batch that waits in
/// the queue of a receiver that is away is not lost, and a copy of it would only fill the broker. The broker is asked for
/// the queue only while its own books say that an ack is late, and then some ten times in a time-out: a thousand
/// offices that are idle, or that wait for a head that is away, cost it next to nothing.
public actor StaleReaper: SteppedService {
    public struct Configuration: Sendable {
        public var stream: StreamID
        /// The receiver's queue.
        public var queue: String
        public var policy = StalePolicy(timeout: .seconds(60), ceiling: .seconds(3_600))
        public var interval = Duration.seconds(2)
        /// Between two looks at the queue.
        var lookEvery: Duration { max(interval, policy.timeout / 10) }
        /// An ack is late after so long.
        var patience: Duration { min(policy.timeout / 4, .seconds(2)) }

        public init(stream: StreamID, queue: String) {
            self.stream = stream
            self.queue = queue
        }
    }

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any SenderStore & AdministrationStore
    private let link: any BrokerLink
    private let logger: Logger
    private let clock: ServiceClock
    private let telemetry: ServiceTelemetry

    /// Since when every look found the link up and the queue drained.
    private var quietSince: ContinuousClock.Instant?
    private var nextLook: ContinuousClock.Instant

    public init(
        name: String, configuration: Configuration, store: any SenderStore & AdministrationStore,
        link: any BrokerLink, logger: Logger, clock: ServiceClock = ServiceClock(),
        telemetry: ServiceTelemetry = .silent
    ) {
        self.name = name
        self.configuration = configuration
        self.store = store
        self.link = link
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
            return try await link.keepAlive()
        }
        guard clock.now >= nextLook else { return try await link.keepAlive() }
        nextLook = clock.now + configuration.lookEvery
        let depth = try await link.depth(of: configuration.queue)
        if depth.ready == 0 && depth.consumers > 0 {
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
        await link.close()
    }

    public func shutdown() async {
        await link.close()
        await store.close()
    }
}
