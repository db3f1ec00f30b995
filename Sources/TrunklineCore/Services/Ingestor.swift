public import Logging
internal import ServiceLifecycle

/// Stores the batches that arrive: decodes, lets the store decide and commit, and only then acknowledges to the broker.
///
/// Streams never wait for each other. Each has a lane: its messages in hand, worked off in their order by one worker at a
/// time over a small pool of database connections, while the broker is served. A lane that fails waits alone; one that
/// fails again and again on the same batch holds its stream (``HoldPolicy``): the message is kept in the database, the
/// reason is shown at both ends, and it is tried again at growing intervals. A database that is away makes every lane wait
/// with its messages in hand: they are not given back, so that no broker counts them as refused.
///
/// What cannot be understood goes to the dead letters with the reason and stops nothing.
public actor Ingestor: SteppedService {
    public struct Configuration: Sendable {
        /// This office, the destination of every batch here.
        public var office: OfficeID
        public var limits = WireLimits()
        /// Whether it is anybody's trouble that nothing can be read: not of a branch that takes nothing from the head, whose
        /// right to read it may be older than that.
        public var expectsMessages = true
        /// How often the database is asked for its branches, and for what there is to do without a message: parked
        /// batches and holds that are due.
        public var tendEvery = Duration.seconds(1)
        /// How often set-aside rows that are due are tried again.
        public var retryEvery = Duration.seconds(30)
        /// Messages in hand come to at most so many bytes, and one message.
        public var bytesInHand = 16 << 20
        /// Whether lanes run side by side with the broker's service. A simulation runs them within ``Ingestor/step()``.
        public var isConcurrent = true

        public init(office: OfficeID) { self.office = office }
    }

    public typealias Store = ReceiverStore & AdministrationStore

    public nonisolated let name: String
    let configuration: Configuration
    private let inbox: any Inbox
    private let deadLetters: any DeadLetters
    let logger: Logger
    let clock: ServiceClock
    let telemetry: ServiceTelemetry

    private let stores: [any Store]
    /// Not in use just now.
    private var free: [any Store]
    /// By the sender that their messages name.
    var lanes: [String: Lane] = [:]
    /// Lanes that wait for a connection, the longest waiting first.
    private var ready: [String] = []
    var finished: [Delivery] = []
    var refused = RefusedMessages()
    /// Whose messages are wanted: at a branch the head's.
    private var branches: Set<OfficeID> = []
    /// What of it cannot be read at the moment, as people call it.
    var leftOut: [String: BrokerError] = [:]
    private var isTending = false
    private var nextTending: ContinuousClock.Instant
    private var nextRetry: ContinuousClock.Instant
    var senders = SenderCheck()
    /// By the sender that they name; empty: of messages that were not read.
    private var refusals = LogLimit()
    /// By stream: batches that came after it was stopped.
    var stops = LogLimit()
    /// By stream: batches of which rows were set aside.
    var setAsides = LogLimit()
    /// By stream: batches whose shapes are not here.
    var unknownShapes = LogLimit()

    /// - Parameters:
    ///   - stores: of one database; as many lanes run at once.
    ///   - deadLetters: on another connection than the inbox the broker may block it, being low on memory, and still be
    ///     drained.
    public init(
        name: String, configuration: Configuration, stores: [any Store], inbox: any Inbox,
        deadLetters: any DeadLetters, logger: Logger, clock: ServiceClock = ServiceClock(),
        telemetry: ServiceTelemetry = .silent
    ) {
        precondition(!stores.isEmpty, "an ingestor needs a store")
        self.name = name
        self.configuration = configuration
        self.stores = stores
        free = stores
        self.inbox = inbox
        self.deadLetters = deadLetters
        self.logger = logger
        self.clock = clock
        self.telemetry = telemetry
        nextTending = clock.now
        nextRetry = clock.now + configuration.retryEvery
        for code in WireError.Code.allCases { telemetry.show([Metrics.refusedMessages], code.rawValue) }
    }

    /// Serves the broker once, and starts the lanes whose turn it is.
    public func step() async throws -> StepResult {
        let wasBusy = try await settle()
        leftOut = try await inbox.want([.batch, .halt], from: branches)
        let arrived = try await receive()
        if clock.now >= nextTending, !isTending { await start { await $0.tend() } }
        await startLanes()
        let inHand = lanes.values.reduce(0) { $0 + $1.messages.count }
        telemetry.set(Metrics.messagesInHand, to: Double(inHand))
        telemetry.note(.backlog(inHand))
        return arrived || wasBusy || !finished.isEmpty ? .worked : .idle
    }

    /// ``step()`` has waited already.
    public func waitForWork() async throws {}

    /// What was in hand is delivered again over the next connection.
    public func recover() async {
        for key in lanes.keys { lanes[key]!.connectionLost() }
        finished = []
        refused.forget()
        await inbox.close()
    }

    public func shutdown() async {
        // Lanes are short of a second; what they stored is acknowledged, or comes again as a duplicate.
        let deadline = clock.now + .seconds(10)
        while lanes.values.contains(where: \.isRunning) || isTending || refused.isBurying, clock.now < deadline {
            try? await Task.sleep(for: .milliseconds(10))
        }
        _ = try? await settle()
        await deadLetters.close()
        await inbox.close()
        for store in stores { await store.close() }
    }

    /// Acknowledges what the lanes dealt with, and buries what they refused.
    /// - Returns: whether there was any.
    private func settle() async throws -> Bool {
        let wasBusy = !finished.isEmpty || refused.isDue(at: clock.now)
        while let delivery = finished.first {
            finished.removeFirst()
            try await inbox.acknowledge(delivery)
        }
        if refused.isDue(at: clock.now) { await start { await $0.bury() } }
        if refused.isOver(at: clock.now) { await deadLetters.close() }
        return wasBusy
    }

    /// One at a time, and beside the steps: whoever sends nonsense without end does not keep the others from the broker, nor
    /// does a broker that takes no messages. What waits is not acknowledged, and only its own sender's wait behind it.
    private func bury() async {
        guard let message = refused.begin(at: clock.now) else { return }
        do {
            try await deadLetters.bury(
                message.delivery, reason: "\(message.reason.code.rawValue): \(message.reason)", by: name)
        } catch {
            refused.failed(error, at: clock.now)
            return await deadLetters.close()
        }
        guard refused.buried(message, at: clock.now) else { return }
        noteRefusal(message.delivery, message.reason)
        finished.append(message.delivery)
    }

    /// Takes messages into their lanes, as far as there is room.
    /// - Returns: whether any came.
    private func receive() async throws -> Bool {
        var any = false
        while hasRoom {
            let isBusy =
                any || lanes.values.contains { $0.isRunning || $0.isReady(at: clock.now) } || refused.isBurying
                || refused.isDue(at: clock.now)
            guard let delivery = try await receiveOne(within: any ? .zero : isBusy ? .milliseconds(5) : .seconds(1))
            else { return any }
            any = true
            if delivery.isMisplaced {
                drop(delivery)
                continue
            }
            lanes[delivery.sender, default: Lane()].arrived(delivery)
            // The first message of a quiet time is not kept waiting for a second.
            if !isBusy { return true }
        }
        guard !any else { return true }
        try await inbox.keepAlive()
        try await cancelWhenStopping { try await Task.sleep(for: .milliseconds(5)) }
        return false
    }

    /// Without a copy among the dead letters: the message itself is where its sender's belong, and one who sends many
    /// copies must not keep the owner of this place waiting.
    private func drop(_ delivery: Delivery) {
        telemetry.count(Metrics.refusedMessages, WireError.Code.forged.rawValue)
        let count = refusals.count(delivery.sender)
        if LogLimit.isLogged(count) {
            logger.warning(
                "copy dropped",
                metadata: [
                    LogKey.reason: "a copy of a message of \(delivery.sender) in \(delivery.place)",
                    LogKey.user: "\(delivery.verifiedSender ?? "none")", LogKey.count: "\(count)",
                ])
        }
        finished.append(delivery)
    }

    /// A lane counts for a quarter of the limit at most, so that large messages behind one slow batch keep no other branch
    /// waiting; what they really come to is limited too.
    private var hasRoom: Bool {
        let share = configuration.bytesInHand / 4
        let bytes = lanes.values.map(\.bytes)
        return bytes.reduce(0) { $0 + min($1, share) } < configuration.bytesInHand
            && bytes.reduce(0, +) < configuration.limits.messageBytes * 8
    }

    /// - Returns: nil as well for a message over the limit, which the inbox has disposed of unread: no reason to stop.
    private func receiveOne(within timeout: Duration) async throws -> Delivery? {
        do {
            return try await inbox.receive(within: timeout)
        } catch {
            guard error.code == .tooLarge else { throw error }
            telemetry.count(Metrics.refusedMessages, WireError.Code.tooLarge.rawValue)
            let count = refusals.count("")
            if LogLimit.isLogged(count) {
                logger.warning("message refused", metadata: [LogKey.reason: "\(error)", LogKey.count: "\(count)"])
            }
            return nil
        }
    }

    private func noteRefusal(_ delivery: Delivery, _ error: WireError) {
        telemetry.count(Metrics.refusedMessages, error.code.rawValue)
        let count = refusals.count(delivery.sender)
        if LogLimit.isLogged(count) {
            logger.warning(
                "message refused",
                metadata: [
                    LogKey.reason: "\(error)", LogKey.batchID: "\(delivery.id ?? "none")",
                    LogKey.user: "\(delivery.verifiedSender ?? "none")", LogKey.count: "\(count)",
                ])
        }
        telemetry.note(.progressed)
    }

    // MARK: Lanes

    /// Runs work beside the broker's service, or within this step.
    private func start(_ work: @escaping @Sendable (Ingestor) async -> Void) async {
        if configuration.isConcurrent { Task { await work(self) } } else { await work(self) }
    }

    private func startLanes() async {
        lanes = lanes.filter { !$0.value.isEmpty || $0.value.isRunning || $0.value.failures > 0 }
        let now = clock.now
        let waiting = Set(ready)
        ready += lanes.filter { $0.value.isReady(at: now) && !waiting.contains($0.key) }.map(\.key).sorted()
        while !ready.isEmpty, let store = free.popLast() {
            let key = ready.removeFirst()
            guard lanes[key]?.isReady(at: now) ?? false else {
                free.append(store)
                continue
            }
            lanes[key]!.began(at: now)
            await start { await $0.run(key, store) }
        }
    }

    /// Works a lane's messages off, as long as nobody waits for the connection.
    private func run(_ key: String, _ store: any Store) async {
        var ahead: Decoded?
        repeat {
            guard let delivery = lanes[key]?.messages.first else { break }
            let current = ahead?.delivery.tag == delivery.tag ? ahead! : await decode(delivery, store)
            ahead = nil
            // The next one is unpacked while this one is stored, where nobody else has work for the processor.
            let following = ready.isEmpty && configuration.isConcurrent ? lanes[key]?.messages.dropFirst().first : nil
            async let next = decodeAhead(following, store)
            let isDone = await take(current, key, store)
            ahead = await next
            guard isDone else { break }
        } while ready.isEmpty && !Task.isShuttingDownGracefully
        if let work = lanes[key]?.work, lanes[key]?.isReadyToTend ?? false { await tend(key, work, store) }
        lanes[key]?.paused()
        free.append(store)
    }

    /// A message that is longer, unpacked, waits for the memory of the one before.
    private static let bytesAhead: UInt64 = 4 << 20

    private func decodeAhead(_ delivery: Delivery?, _ store: any Store) async -> Decoded? {
        guard let delivery, Zstd.statedSize(of: delivery.body) ?? 0 <= Self.bytesAhead else { return nil }
        return await decode(delivery, store)
    }

    /// - Returns: whether the message is dealt with, and the next one may follow.
    private func take(_ decoded: Decoded, _ key: String, _ store: any Store) async -> Bool {
        let delivery = decoded.delivery
        do {
            switch decoded.content {
            case .failure(let error as WireError): try await refuse(delivery, for: error, store)
            case .failure(let error): throw error
            case .success(.halt(let halt)):
                try await store.takeHalt(halt)
                let count = stops.count(halt.stream.description)
                if LogLimit.isLogged(count) {
                    logger.error(
                        "stream stopped by its sender",
                        metadata: [
                            LogKey.stream: "\(halt.stream)", LogKey.reason: "\(halt.reason)", LogKey.count: "\(count)",
                        ])
                }
                finished.append(delivery)
            case .success(.batch(let batch)):
                try await receive(batch, bytes: delivery.body.count, store)
                finished.append(delivery)
            }
            lanes[key]?.finished(delivery, at: clock.now)
        } catch {
            return await failed(error, decoded, key, store)
        }
        do {
            if case .success(.batch(let batch)) = decoded.content { try await drain(batch.header.stream, store) }
        } catch {
            // The message itself is dealt with; what is parked behind it is found by the next look.
            note(error, key)
            return false
        }
        return true
    }

    /// - Returns: whether the message is dealt with all the same, its stream being held.
    private func failed(_ error: any Error, _ decoded: Decoded, _ key: String, _ store: any Store) async -> Bool {
        note(error, key)
        let owner = (error as? StoreError)?.owner ?? .program
        let isContention = (error as? StoreError)?.code == .contention
        let most = isContention ? HoldPolicy.contentionsBeforeHold : HoldPolicy.failuresBeforeHold
        guard owner != .database, let failures = lanes[key]?.failures, failures >= most,
            case .success(.batch(let batch)) = decoded.content
        else { return false }
        guard await hold(batch, error, store) else { return false }
        finished.append(decoded.delivery)
        lanes[key]?.finished(decoded.delivery, at: clock.now)
        return true
    }

    /// A lane waits.
    private func note(_ error: any Error, _ key: String) {
        let isContention = (error as? StoreError)?.code == .contention
        guard let pause = lanes[key]?.failed("\(error)", isContention: isContention, at: clock.now) else { return }
        logger.warning(
            "lane failed, will try again",
            metadata: [
                LogKey.branch: "\(key)", LogKey.error: "\(error)", LogKey.retryIn: "\(Int(pause / .milliseconds(1)))ms",
            ])
    }

    /// Does what there is to do for a stream without a message.
    private func tend(_ key: String, _ work: TendedStream, _ store: any Store) async {
        lanes[key]?.work = nil
        do {
            if work.hasParked { try await drain(work.stream, store) }
            if work.hasSetAside {
                let selection = SetAsideSelection(stream: work.stream, onlyDue: true)
                let outcome = try await store.retrySetAside(selection, limit: 500)
                if outcome.stored > 0 {
                    logger.notice("set-aside rows stored", metadata: [LogKey.count: "\(outcome.stored)"])
                }
            }
            lanes[key]?.succeeded()
        } catch {
            note(error, key)
        }
    }

    /// Asks the database whose messages to take, and for what there is to do without a message.
    private func tend() async {
        isTending = true
        defer { isTending = false }
        nextTending = clock.now + configuration.tendEvery
        guard let store = free.popLast() else { return }
        defer { free.append(store) }
        do {
            var suspended: Set<OfficeID> = []
            if configuration.office == .head {
                let known = try await store.branches()
                branches = Set(known.map(\.id))
                suspended = Set(known.filter(\.isSuspended).map(\.id))
            } else {
                branches = [.head]
            }
            let retries = clock.now >= nextRetry
            if retries { nextRetry = clock.now + configuration.retryEvery }
            for var work in try await store.streamsToTend() where work.stream.destination == configuration.office {
                guard !suspended.contains(work.stream.source) else { continue }
                work.hasSetAside = work.hasSetAside && retries
                guard work.hasParked || work.hasSetAside else { continue }
                lanes[work.stream.source.description, default: Lane()].work = work
            }
        } catch {
            logger.debug("look for work failed", metadata: [LogKey.error: "\(error)"])
        }
    }
}
