public import Logging

/// Stores the batches that arrive: decodes, lets the store decide and commit, and only then
/// acknowledges to the broker.
///
/// What cannot be understood goes to the dead-letter exchange with the reason and stops nothing. A
/// batch above the next number is held in memory for a moment, since with several ingestors or
/// publishers its predecessor is usually under way, and is then parked in the database.
public actor Ingestor: SteppedService {
    public struct Configuration: Sendable {
        /// Beside the queues of the branches, which the head reads as they come and go.
        public var queue: String
        /// This office, the destination of every batch here.
        public var office: OfficeID
        public var prefetch = 16
        public var limits = WireLimits()
        /// How long a batch above the next number is held before it is parked.
        public var holdFor = Duration.milliseconds(500)
        /// How often set-aside rows are tried again while nothing arrives.
        public var retryEvery = Duration.seconds(30)
        /// How often to look how much waits in the queue, for the telemetry; nil: never.
        public var depthEvery: Duration?

        public init(queue: String, office: OfficeID) {
            self.queue = queue
            self.office = office
        }
    }

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any ReceiverStore & AdministrationStore
    private let link: any BrokerLink
    private let deadLetters: DeadLetters
    private let logger: Logger
    private let clock: ServiceClock
    private let telemetry: ServiceTelemetry

    private enum Arrival: Sendable {
        case batch(Delivery, InboundBatch)
        case halt(Delivery, Halt)
        case refused(Delivery, WireError)
    }

    /// Received and unpacked ahead of its turn.
    private var upcoming: Arrival?
    /// Above the next number of their stream, the oldest first.
    private var held: [(delivery: Delivery, batch: InboundBatch, until: ContinuousClock.Instant)] = []
    private var nextRetry: ContinuousClock.Instant
    private var nextDepth: ContinuousClock.Instant
    private var queues: Set<String> = []
    private var nextQueues: ContinuousClock.Instant
    private var senders = SenderCheck()
    /// For the telemetry: what failed stays the backlog of this copy until a message goes well, or none comes.
    private var unfinished = 0

    public init(
        name: String, configuration: Configuration, store: any ReceiverStore & AdministrationStore,
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
        deadLetters = DeadLetters(link: link, clock: clock)
        nextRetry = clock.now + configuration.retryEvery
        nextDepth = clock.now
        nextQueues = clock.now
        for code in WireError.Code.allCases { telemetry.show([Metrics.refusedMessages], code.rawValue) }
    }

    public func step() async throws -> StepResult {
        // Before the broker hands out what is there.
        try await lookAtQueue()
        try await lookForBranches()
        try await link.consume(queues, prefetch: configuration.prefetch)
        if let arrival = try await nextArrival(within: held.isEmpty ? .seconds(1) : .milliseconds(20)) {
            unfinished = 1
            try await take(arrival)
            unfinished = 0
            return .worked
        }
        if !held.isEmpty {
            try await retryHeld()
            return .worked
        }
        unfinished = 0
        try await retrySetAside()
        return .idle
    }

    /// ``step()`` has waited already.
    public func waitForWork() async throws {}

    /// What was held is delivered again over the next connection.
    public func recover() async {
        held = []
        upcoming = nil
        await link.close()
    }

    public func shutdown() async {
        await recover()
        await store.close()
    }

    private func lookForBranches() async throws {
        guard clock.now >= nextQueues else { return }
        nextQueues = clock.now + .seconds(1)
        queues = [configuration.queue]
        guard configuration.office == .head else { return }
        for branch in try await store.branches() { queues.insert(Topology.batchesQueue(of: branch.id)) }
    }

    private func lookAtQueue() async throws {
        guard let every = configuration.depthEvery, clock.now >= nextDepth else { return }
        nextDepth = clock.now + every
        let depth = try await link.depth(of: configuration.queue)
        telemetry.set(Metrics.queueMessages, to: Double(depth.ready), configuration.queue)
        telemetry.note(.backlog(depth.ready + unfinished))
    }

    private func nextArrival(within timeout: Duration) async throws -> Arrival? {
        if let arrival = upcoming {
            upcoming = nil
            return arrival
        }
        guard let delivery = try await receive(within: timeout) else { return nil }
        if let refusal = try await refusal(of: delivery) { return .refused(delivery, refusal) }
        do {
            if delivery.type == MessageType.halt.rawValue { return .halt(delivery, try decodeHalt(delivery)) }
            return .batch(delivery, try decode(delivery))
        } catch {
            return .refused(delivery, error)
        }
    }

    /// - Returns: nil as well for a message over the limit, which the link has rejected unread: no reason to stop.
    private func receive(within timeout: Duration) async throws -> Delivery? {
        do {
            return try await link.receive(within: timeout)
        } catch {
            guard error.code == .tooLarge else { throw error }
            telemetry.count(Metrics.refusedMessages, WireError.Code.tooLarge.rawValue)
            let count = senders.countRefusal("")
            if SenderCheck.isLogged(count) {
                logger.warning("message refused", metadata: [LogKey.reason: "\(error)", LogKey.count: "\(count)"])
            }
            return nil
        }
    }

    private func take(_ arrival: Arrival) async throws {
        switch arrival {
        case .batch(let delivery, let batch):
            // The next one is read and unpacked while this one is stored; to wait for it a moment delays nobody.
            async let next = nextArrival(within: .milliseconds(20))
            let bytes = delivery.body.count
            let isTaken = try await receive(batch, bytes: bytes, parking: held.count >= configuration.prefetch / 2)
            upcoming = try await next
            guard isTaken else {
                held.append((delivery, batch, clock.now + configuration.holdFor))
                return
            }
            try await link.acknowledge(delivery)
            if !held.isEmpty { try await retryHeld() }
        case .halt(let delivery, let halt):
            try await store.takeHalt(halt)
            logger.error(
                "stream stopped by its sender",
                metadata: [LogKey.stream: "\(halt.stream)", LogKey.reason: "\(halt.reason)"])
            try await link.acknowledge(delivery)
        case .refused(let delivery, let error):
            telemetry.count(Metrics.refusedMessages, error.code.rawValue)
            let count = senders.countRefusal(delivery.routingKey)
            if SenderCheck.isLogged(count) {
                logger.warning(
                    "message refused",
                    metadata: [
                        LogKey.reason: "\(error)", LogKey.batchID: "\(delivery.messageID ?? "none")",
                        LogKey.user: "\(delivery.userID ?? "none")", LogKey.count: "\(count)",
                    ])
            }
            try await deadLetters.bury(delivery, reason: "\(error.code.rawValue): \(error)", by: name)
            telemetry.note(.progressed)
        }
    }

    /// Before anything is unpacked. That the stream is the routing key's is checked in ``decode(_:)``.
    private func refusal(of delivery: Delivery) async throws -> WireError? {
        guard let source = OfficeID(delivery.routingKey) else {
            return WireError(.forged, "routing key \"\(delivery.routingKey)\" is no branch")
        }
        if !senders.knows(source, at: clock.now) {
            senders.remember(try await store.branch(source), as: source, at: clock.now)
        }
        return senders.refusal(of: delivery, from: source)
    }

    private func decode(_ delivery: Delivery) throws(WireError) -> InboundBatch {
        guard delivery.type == MessageType.batch.rawValue, delivery.contentEncoding == ContentType.zstd else {
            throw WireError(
                .unsupported, "message type \(delivery.type ?? "none"), encoding \(delivery.contentEncoding ?? "none")")
        }
        let batch = try InboundBatch(message: delivery.body, limits: configuration.limits)
        try checkOrigin(of: batch.header.stream, delivery)
        return batch
    }

    private func decodeHalt(_ delivery: Delivery) throws(WireError) -> Halt {
        let halt = try Halt(message: delivery.body)
        try checkOrigin(of: halt.stream, delivery)
        return halt
    }

    private func checkOrigin(of stream: StreamID, _ delivery: Delivery) throws(WireError) {
        guard stream.destination == configuration.office else {
            throw WireError(.forged, "stream \(stream) does not lead to \(configuration.office)")
        }
        guard stream.source.description == delivery.routingKey else {
            throw WireError(.forged, "stream \(stream) came with routing key \"\(delivery.routingKey)\"")
        }
    }

    /// - Returns: whether the message is dealt with; false when it is above the next number and not parked.
    private func receive(_ batch: InboundBatch, bytes: Int, parking: Bool) async throws -> Bool {
        let header = batch.header
        let outcome = try await store.receive(batch, parking: parking)
        count(outcome, header.stream, bytes: bytes)
        var metadata: Logger.Metadata = [
            LogKey.stream: "\(header.stream)", LogKey.batch: "\(header.number)", LogKey.batchID: "\(header.id.logText)",
        ]
        switch outcome {
        case .stored(let rows, let deletes, let setAside):
            metadata[LogKey.rows] = "\(rows)"
            metadata[LogKey.deletes] = "\(deletes)"
            metadata[LogKey.setAside] = "\(setAside)"
            logger.debug("batch stored", metadata: metadata)
            try await receiveParked(of: header.stream)
        case .duplicate:
            logger.debug("duplicate batch", metadata: metadata)
        case .parked:
            logger.debug("batch parked", metadata: metadata)
        case .behind(let acked):
            metadata[LogKey.watermark] = "\(acked)"
            logger.warning("this database is older than an ack of its own; its sender is told", metadata: metadata)
        case .stopped(let reason):
            metadata[LogKey.reason] = "\(reason)"
            logger.error("stream stopped", metadata: metadata)
        case .gap:
            return false
        }
        return true
    }

    private func receiveParked(of stream: StreamID) async throws {
        while let message = try await store.nextParked(of: stream) {
            // It was decoded before it was parked, by a program with at least these limits.
            let batch = try InboundBatch(message: message, limits: configuration.limits)
            let outcome = try await store.receive(batch, parking: true)
            count(outcome, stream, bytes: message.count)
            guard case .stored(let rows, let deletes, let setAside) = outcome else { return }
            logger.debug(
                "parked batch stored",
                metadata: [
                    LogKey.stream: "\(stream)", LogKey.batch: "\(batch.header.number)",
                    LogKey.batchID: "\(batch.header.id.logText)", LogKey.rows: "\(rows)",
                    LogKey.deletes: "\(deletes)", LogKey.setAside: "\(setAside)",
                ])
        }
    }

    private func count(_ outcome: ReceiveOutcome, _ stream: StreamID, bytes: Int) {
        let stream = stream.description
        telemetry.show(
            [
                Metrics.storedBatches, Metrics.storedRows, Metrics.storedBytes, Metrics.newlySetAsideRows,
                Metrics.duplicateBatches, Metrics.gapBatches,
            ], stream)
        switch outcome {
        case .stored(let rows, let deletes, let setAside):
            telemetry.count(Metrics.storedBatches, stream)
            telemetry.count(Metrics.storedRows, by: rows + deletes - setAside, stream)
            telemetry.count(Metrics.storedBytes, by: bytes, stream)
            telemetry.count(Metrics.newlySetAsideRows, by: setAside, stream)
        case .duplicate: telemetry.count(Metrics.duplicateBatches, stream)
        case .parked: telemetry.count(Metrics.gapBatches, stream)
        case .gap: return
        case .behind, .stopped: break
        }
        telemetry.note(.progressed)
    }

    private func retryHeld() async throws {
        for entry in held {
            let bytes = entry.delivery.body.count
            if try await receive(entry.batch, bytes: bytes, parking: clock.now >= entry.until) {
                held.removeAll { $0.delivery.tag == entry.delivery.tag }
                try await link.acknowledge(entry.delivery)
            }
        }
    }

    private func retrySetAside() async throws {
        guard clock.now >= nextRetry else { return }
        nextRetry = clock.now + configuration.retryEvery
        let outcome = try await store.retrySetAside(
            SetAsideSelection(notTriedFor: configuration.retryEvery), limit: 500)
        if outcome.stored > 0 {
            logger.notice("set-aside rows stored", metadata: [LogKey.count: "\(outcome.stored)"])
        }
    }
}
