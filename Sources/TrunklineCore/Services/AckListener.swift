internal import FoundationEssentials
public import Logging

/// Takes the acks of this office's batches, and the wishes of their receivers for a verification.
///
/// A branch takes them from the head, to whom alone the broker gives the right to send them; the head takes those of a
/// stream from the broker's user for its branch.
///
/// Acknowledges to the broker only after the database has the ack. An ack is state, so one that cannot be read, or that
/// the database does not take, is dropped with a warning: the next one says it all again, and nobody else's wait for it.
/// Those of all branches are in one queue; who sends many, or such as cost much, waits behind the others' turns.
public actor AckListener: SteppedService {
    public struct Configuration: Sendable {
        /// Whose batches they are.
        public var office: OfficeID

        public init(office: OfficeID) { self.office = office }
    }

    /// A receiver's wishes for a verification are heard so often: each costs the reading of all its rows.
    private static let wishEvery = Duration.seconds(5)
    /// What the broker should send ahead.
    public static let prefetch = MessageTurns.prefetch

    public nonisolated let name: String
    private let configuration: Configuration
    private let store: any SenderStore & AdministrationStore
    private let inbox: any Inbox
    private let logger: Logger
    private let clock: ServiceClock
    private let telemetry: ServiceTelemetry
    private var inHand = MessageTurns()
    private var senders = SenderCheck()
    /// By the broker's user, or by stream: what was dropped, or changed nothing.
    private var refusals = LogLimit()
    /// By the broker's user.
    private var overtaken = LogLimit()
    private var nextWish: [OfficeID: ContinuousClock.Instant] = [:]

    public init(
        name: String, configuration: Configuration, store: any SenderStore & AdministrationStore,
        inbox: any Inbox, logger: Logger, clock: ServiceClock = ServiceClock(),
        telemetry: ServiceTelemetry = .silent
    ) {
        self.name = name
        self.configuration = configuration
        self.store = store
        self.inbox = inbox
        self.logger = logger
        self.clock = clock
        self.telemetry = telemetry
        guard configuration.office != .head else { return }
        show(StreamID(from: configuration.office, to: .head))
    }

    private nonisolated func show(_ stream: StreamID) {
        telemetry.show(
            [Metrics.ackedBatches, Metrics.ackedRows, Metrics.ackedBytes, Metrics.ignoredAcks], stream.description)
    }

    public func step() async throws -> StepResult {
        let senders: Set<OfficeID> = configuration.office == .head ? [] : [.head]
        if let missing = try await inbox.want([.ack, .verify], from: senders).values.first { throw missing }
        try await receive()
        guard let delivery = inHand.next() else { return .idle }
        do {
            try await take(delivery)
        } catch let error as WireError {
            drop(delivery, "\(error)")
        } catch let error as StoreError where error.owner != .database && !error.isTransient {
            // Its own affair: the acks of the other streams are behind it. It is state, and is said again.
            drop(delivery, "\(error)")
        }
        try await inbox.acknowledge(delivery)
        return .worked
    }

    /// ``step()`` has waited already.
    public func waitForWork() async throws {}

    /// What was in hand is delivered again over the next connection.
    public func recover() async {
        inHand.removeAll()
        await inbox.close()
    }

    public func shutdown() async {
        await inbox.close()
        await store.close()
    }

    /// Takes in hand what has come; of a flood only so much that the turns go on.
    private func receive() async throws {
        var count = 0
        while inHand.hasRoom, count < Self.prefetch {
            count += 1
            let delivery: Delivery?
            do {
                delivery = try await inbox.receive(within: inHand.isEmpty ? .seconds(1) : .zero)
            } catch {
                // It is gone already, and the others' acks are behind it.
                guard error.code == .tooLarge else { throw error }
                refused("\(error)", "none")
                continue
            }
            guard let delivery else { return }
            for older in inHand.arrived(delivery) { try await passOver(older) }
        }
    }

    private func passOver(_ delivery: Delivery) async throws {
        let user = delivery.verifiedSender ?? "none"
        let count = overtaken.count(user)
        if LogLimit.isLogged(count) {
            logger.info(
                "acks come faster than they are taken: an older one is passed over",
                metadata: [LogKey.user: "\(user)", LogKey.count: "\(count)"])
        }
        try await inbox.acknowledge(delivery)
    }

    private func take(_ delivery: Delivery) async throws {
        guard !delivery.isMisplaced else {
            return drop(delivery, "a copy of a message of \(delivery.sender) in \(delivery.place)")
        }
        switch delivery.kind.flatMap(Envelope.Kind.init(rawValue:)) {
        case .ack:
            let ack = try Ack(message: delivery.body)
            if configuration.office == .head {
                if let refusal = try await refusal(of: delivery, from: ack.stream.destination) {
                    return drop(delivery, "\(refusal)")
                }
                show(ack.stream)
            }
            try await take(ack)
        case .verify:
            guard let id = UUID(uuidString: String(decoding: delivery.body, as: UTF8.self)) else {
                throw WireError(.malformed, "a wish for a verification without an id")
            }
            guard let stream = try await stream(wishedFor: delivery) else {
                return drop(delivery, "a wish for a verification of a stream of somebody else")
            }
            let now = clock.now
            if configuration.office == .head {
                if let next = nextWish[stream.destination], now < next {
                    return drop(delivery, "wishes for verifications come too fast")
                }
                nextWish[stream.destination] = now + Self.wishEvery
            }
            try await store.requestVerification(VerificationRequest(id: id, stream: stream))
        case .batch, .halt, nil:
            throw WireError(.unsupported, "message type \(delivery.kind ?? "none") among acks")
        }
    }

    private func take(_ ack: Ack) async throws {
        switch try await store.recordAck(ack) {
        case .recorded(let batches):
            note(batches, ack)
        case .resending:
            let text: Logger.Message = "the receiver was restored from an older backup; what it lost goes again"
            if isTold(ack) {
                logger.warning(
                    text, metadata: [LogKey.stream: "\(ack.stream)", LogKey.watermark: "\(ack.watermark)"])
            }
        case .ignored(let reason):
            telemetry.count(
                Metrics.ignoredAcks, StreamID(from: configuration.office, to: ack.stream.destination).description)
            let count = refusals.count(ack.stream.description)
            guard LogLimit.isLogged(count) else { break }
            logger.warning(
                "ack ignored",
                metadata: [LogKey.stream: "\(ack.stream)", LogKey.reason: "\(reason)", LogKey.count: "\(count)"])
        case .stopped(let reason):
            guard isTold(ack) else { break }
            logger.error(
                "stream stopped",
                metadata: [LogKey.stream: "\(ack.stream)", LogKey.reason: "\(reason)"])
        }
    }

    /// Of what one branch can cause as often as it likes.
    private func isTold(_ ack: Ack) -> Bool { LogLimit.isLogged(refusals.count("\(ack.stream)")) }

    /// Whether the sender may speak for that branch; nil: it may.
    private func refusal(of delivery: Delivery, from branch: OfficeID) async throws -> WireError? {
        if !senders.knows(branch, at: clock.now) {
            senders.remember(try await store.branch(branch), as: branch, at: clock.now)
        }
        return senders.refusal(of: delivery, from: branch)
    }

    /// At the head it is the one to the branch that the broker's user speaks for.
    private func stream(wishedFor delivery: Delivery) async throws -> StreamID? {
        guard configuration.office == .head else { return StreamID(from: configuration.office, to: .head) }
        guard let user = delivery.verifiedSender else { return nil }
        let branch = try await store.branches().first { $0.brokerUser == user && !$0.isSuspended }
        return branch.map { StreamID(from: .head, to: $0.id) }
    }

    private func drop(_ delivery: Delivery, _ reason: String) {
        refused(reason, delivery.verifiedSender ?? "none")
    }

    private func refused(_ reason: String, _ user: String) {
        let count = refusals.count(user)
        guard LogLimit.isLogged(count) else { return }
        logger.warning(
            "message dropped",
            metadata: [LogKey.reason: "\(reason)", LogKey.user: "\(user)", LogKey.count: "\(count)"])
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
