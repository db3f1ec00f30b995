internal import FoundationEssentials
public import Logging

/// Publishes the pending acks of this office's database, and forgets each one when the broker has it.
///
/// One branch whose acks nobody takes keeps its own ack pending and delays no other.
public actor Acker: SteppedService {
    public nonisolated let name: String
    private let store: any ReceiverStore & AdministrationStore
    private let outbox: any Outbox
    private let logger: Logger
    private let clock: ServiceClock
    private let telemetry: ServiceTelemetry

    /// In a backlog one ack stands for the batches of so long.
    private static let interval = Duration.milliseconds(100)

    /// When the next ack of a stream goes.
    private var pauses: [StreamID: ContinuousClock.Instant] = [:]

    public init(
        name: String, store: any ReceiverStore & AdministrationStore, outbox: any Outbox, logger: Logger,
        clock: ServiceClock = ServiceClock(), telemetry: ServiceTelemetry = .silent
    ) {
        self.name = name
        self.store = store
        self.outbox = outbox
        self.logger = logger
        self.clock = clock
        self.telemetry = telemetry
    }

    public func step() async throws -> StepResult {
        try await outbox.keepAlive()
        let now = clock.now
        pauses = pauses.filter { $0.value > now }
        // So many more that those which nobody takes hide no other one: there is at most one of a stream.
        let pending = try await store.pendingAcks(limit: 200 + pauses.count)
            .filter { pauses[$0.ack.stream] == nil }
        telemetry.note(.backlog(pending.count))
        guard !pending.isEmpty else { return .idle }
        var unconfirmed: [MessageTag: PendingAck] = [:]
        for ack in pending {
            do {
                unconfirmed[try await publish(ack.ack)] = ack
            } catch let error as BrokerError where error.code == .tooLarge {
                // Its own affair: the acks of the other streams go.
                putOff(ack.ack.stream, "an ack is too large", "\(error)")
            }
        }
        let deadline = clock.now + .seconds(30)
        var refusal: Confirmation.Reason?
        while !unconfirmed.isEmpty {
            guard clock.now < deadline else {
                throw ServiceFailure("the broker did not confirm an ack within 30 seconds")
            }
            for confirmation in try await outbox.confirmations(within: .seconds(1)) {
                if case .refused(_, let reason) = confirmation { refusal = reason }
                try await settle(confirmation, &unconfirmed)
            }
        }
        if let refusal {
            throw ServiceFailure("the broker refused an ack (\(refusal.word)); it is kept, and said again later")
        }
        return .worked
    }

    public func waitForWork() async throws {
        let now = clock.now
        let next = pauses.values.filter { $0 > now }.min() ?? now + .seconds(1)
        try await store.wait(for: .acks, within: min(next - now, .seconds(1)))
    }

    public func recover() async { await outbox.close() }

    public func shutdown() async {
        await outbox.close()
        await store.close()
    }

    private func publish(_ ack: Ack) async throws -> MessageTag {
        try await outbox.send(
            Envelope(
                from: ack.stream.destination, to: ack.stream.source, kind: .ack,
                id: "\(ack.epoch.uuidString.lowercased())/\(ack.watermark)", contentType: ContentType.ack,
                contentEncoding: ContentType.zstd, body: try ack.encoded()))
    }

    private func published(_ ack: Ack) {
        telemetry.count(Metrics.publishedAcks, ack.stream.description)
        telemetry.note(.progressed)
        logger.debug(
            "ack published",
            metadata: [
                LogKey.stream: "\(ack.stream)", LogKey.batch: "\(ack.watermark)",
                LogKey.batchID: "\(ack.batchID?.logText ?? "none")", LogKey.setAside: "\(ack.setAsideTotal)",
            ])
    }

    private func settle(_ confirmation: Confirmation, _ unconfirmed: inout [MessageTag: PendingAck]) async throws {
        switch confirmation {
        case .confirmed(let tag):
            guard let ack = unconfirmed.removeValue(forKey: tag) else { return }
            var pause = Acker.interval
            do throws(StoreError) {
                try await store.removePendingAck(ack)
            } catch {
                guard error.code == .contention else { throw error }
                // It is said once more, and what it lists may be long.
                if ack.ack.setAside != nil { pause = .seconds(1) }
            }
            pauses[ack.ack.stream] = clock.now + pause
            published(ack.ack)
        case .refused(let tag, _):
            unconfirmed[tag] = nil
        case .untaken(let tag, let reason):
            guard let ack = unconfirmed.removeValue(forKey: tag) else { return }
            putOff(ack.ack.stream, "nobody takes the acks of a branch", reason.word)
        }
    }

    private func putOff(_ stream: StreamID, _ message: Logger.Message, _ reason: String) {
        pauses[stream] = clock.now + .seconds(10)
        logger.warning(message, metadata: [LogKey.stream: "\(stream)", LogKey.reason: "\(reason)"])
    }
}
