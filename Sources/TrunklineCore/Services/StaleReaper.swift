public import Logging

/// Makes batches pending again that were sent and not acked in time, and prunes what was acked, of all streams that its
/// office sends.
///
/// Time counts only while the link is up and a stream is drained, see ``Outbox/isDrained(_:)``: a batch that waits for
/// a receiver that is away is not lost, and a copy of it would only fill the broker. The broker is asked only while its
/// own books say that an ack is late, and then some ten times in a time-out: a thousand offices that are idle, or that
/// wait for a head that is away, cost it next to nothing.
public actor StaleReaper: SteppedService {
    public struct Configuration: Sendable {
        public var policy = StalePolicy(timeout: .seconds(60), ceiling: .seconds(3_600))
        public var interval = Duration.seconds(2)
        /// Between two questions to the broker.
        var lookEvery: Duration { max(interval, policy.timeout / 10) }
        /// And of a receiver that was away several times in a row.
        var lookAtLeastEvery: Duration { lookEvery * 8 }
        /// An ack is late after so long.
        var patience: Duration { min(policy.timeout / 4, .seconds(2)) }

        public init() {}
    }

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any SenderStore & AdministrationStore
    private let outbox: any Outbox
    private let logger: Logger
    private let clock: ServiceClock
    private let telemetry: ServiceTelemetry

    private struct Watch {
        /// Since when every look found the link up and the stream drained.
        var quietSince: ContinuousClock.Instant?
        var nextLook: ContinuousClock.Instant
        var pause: Duration
        /// Why the broker cannot say how the stream is.
        var trouble: String?
    }

    /// Of streams that wait for an ack.
    private var watches: [StreamID: Watch] = [:]

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
    }

    public func step() async throws -> StepResult {
        let streams = try await store.streamsToReap(olderThan: configuration.patience)
        var worked = false
        // Each counter of a stream is there from the first look on, whatever is to be done with it.
        for stream in streams {
            telemetry.show([Metrics.prunedBatches, Metrics.staleBatches], stream.stream.description)
        }
        for stream in streams.filter(\.canPrune).map(\.stream) {
            let pruned = try await store.prune(stream)
            telemetry.count(Metrics.prunedBatches, by: pruned, stream.description)
            worked = worked || pruned > 0
        }
        let prunedShared = try await store.pruneShared()
        let waiting = streams.filter(\.awaitsAck).map(\.stream)
        watches = watches.filter { waiting.contains($0.key) }
        try await outbox.keepAlive()
        for stream in waiting { try await resetStale(stream) }
        return worked || prunedShared ? .worked : .idle
    }

    public func trouble() -> String? { watches.sorted { $0.key < $1.key }.compactMap(\.value.trouble).first }

    private func resetStale(_ stream: StreamID) async throws {
        let now = clock.now
        var watch = watches[stream] ?? Watch(nextLook: now, pause: configuration.lookEvery)
        guard now >= watch.nextLook else { return }
        do {
            if try await outbox.isDrained(stream) {
                watch.quietSince = watch.quietSince ?? now
                watch.pause = configuration.lookEvery
            } else {
                watch.quietSince = nil
                watch.pause = min(watch.pause * 2, configuration.lookAtLeastEvery)
            }
            watch.trouble = nil
        } catch {
            // One stream's missing queue is no other's trouble.
            guard !error.isTransient else { throw error }
            watch.quietSince = nil
            watch.trouble = "stream \(stream): \(error)"
        }
        watch.nextLook = now + watch.pause
        watches[stream] = watch
        guard let quietSince = watch.quietSince else { return }
        let reset = try await store.resetStale(of: stream, policy: configuration.policy, quietFor: now - quietSince)
        telemetry.count(Metrics.staleBatches, by: reset, stream.description)
        if reset > 0 {
            logger.notice(
                "batches were not acked in time and go again",
                metadata: [LogKey.stream: "\(stream)", LogKey.count: "\(reset)"])
        }
    }

    public func waitForWork() async throws {
        try await cancelWhenStopping { [interval = configuration.interval] in try await Task.sleep(for: interval) }
    }

    public func recover() async {
        watches = [:]
        await outbox.close()
    }

    public func shutdown() async {
        await outbox.close()
        await store.close()
    }
}
