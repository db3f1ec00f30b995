internal import FoundationEssentials
internal import Synchronization
public import TrunklineCore

/// A connection to RabbitMQ that any number of ``RabbitMQLink``s share, and that is made anew after it was lost.
///
/// All work with it is done on a thread of its own, since the library blocks. Each link has channels of its own, and learns
/// of a lost connection once, by an error; the first call of any link after that connects. A link that waits keeps no other
/// one from its work: who waits is told by the one loop that reads, and that lets every call that comes pass first. What
/// waits for the broker's answer (a declaration, a subscription) is waited for by all.
public actor RabbitMQConnection {
    private struct Member {
        var channels: LinkChannels?
        /// nil before the first `consume`.
        var subscriptions: Subscriptions?
    }

    private struct Waiter {
        var channels: LinkChannels
        var deadline: ContinuousClock.Instant
        var isReady: (LinkChannels) -> Bool
        var continuation: CheckedContinuation<Void, Never>

        func isDone(at now: ContinuousClock.Instant) -> Bool {
            !channels.isOpen || isReady(channels) || now >= deadline
        }
    }

    private var configuration: RabbitMQConfiguration
    private let rereadURL: (@Sendable () throws(BrokerError) -> String)?
    private nonisolated let executor: ThreadExecutor
    private nonisolated let links = Atomic(0)
    private var members: [Int: Member] = [:]
    private var connection: Connection?
    /// How often a link got channels.
    private var joins: UInt64 = 0
    private var waiters: [Waiter] = []
    private var isReading = false
    /// The last try to connect, and when it failed: who waited for that one does not make the next one wait.
    private var failure: (error: BrokerError, at: ContinuousClock.Instant)?
    private static let failureHolds = Duration.milliseconds(200)

    /// Connects at the first call of a link that needs the broker.
    /// - Parameter rereadURL: asked at each connect for the URL, whose user and password count; nil: they do not change.
    public init(
        _ configuration: RabbitMQConfiguration, rereadURL: (@Sendable () throws(BrokerError) -> String)? = nil
    ) {
        self.configuration = configuration
        self.rereadURL = rereadURL
        // The library reads nested tables of a message's headers by recursion, and a frame of 128 KiB nests 26,000 deep.
        executor = ThreadExecutor(name: "rabbitmq", stackSize: 64 << 20)
    }

    deinit { executor.stop() }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The number of a new link.
    nonisolated func nextLink() -> Int { links.add(1, ordering: .relaxed).newValue }

    func publish(_ message: OutboundMessage, _ link: Int) throws(BrokerError) -> MessageTag {
        try onChannels(of: link) { channels throws(BrokerError) in try channels.publish(message) }
    }

    func confirmations(within timeout: Duration, _ link: Int) async throws(BrokerError) -> [PublisherConfirm] {
        try await wait(link, within: timeout) { !$0.confirmations.isEmpty }
        return try onChannels(of: link) { channels throws(BrokerError) in try channels.takeConfirmations() }
    }

    func consume(
        _ queues: Set<String>, prefetch: Int, _ link: Int
    ) throws(BrokerError) -> [String: BrokerError] {
        guard (1...Int(UInt16.max)).contains(prefetch) else {
            throw BrokerError(
                .configuration, operation: "consume", subject: configuration.address,
                reason: "the prefetch is not from 1 to 65535")
        }
        var subscriptions = members[link]?.subscriptions ?? Subscriptions()
        subscriptions.want(queues, prefetch: prefetch)
        members[link, default: Member()].subscriptions = subscriptions
        try onChannels(of: link) { channels throws(BrokerError) in try subscribe(channels, link) }
        return members[link]?.subscriptions?.leftOut.mapValues(\.error) ?? [:]
    }

    func receive(within timeout: Duration, _ link: Int) async throws(BrokerError) -> AMQPDelivery? {
        guard members[link]?.subscriptions != nil else {
            throw BrokerError(
                .configuration, operation: "receive", subject: configuration.address,
                reason: "no queue is consumed", hint: "call consume first")
        }
        try onChannels(of: link) { channels throws(BrokerError) in try subscribe(channels, link) }
        try await wait(link, within: timeout) { $0.hasNews }
        return try onChannels(of: link) { channels throws(BrokerError) in try channels.takeDelivery() }
    }

    func acknowledge(_ tag: MessageTag, in queue: String, _ link: Int) throws(BrokerError) {
        guard members[link]?.channels?.number == tag.connection else { return }
        try onChannels(of: link) { channels throws(BrokerError) in try channels.acknowledge(tag, in: queue) }
    }

    func declare(_ topology: Topology, _ link: Int) throws(BrokerError) {
        try onChannels(of: link) { channels throws(BrokerError) in try channels.connection.declare(topology) }
    }

    func depth(of queue: String, _ link: Int) throws(BrokerError) -> QueueDepth {
        try onChannels(of: link) { channels throws(BrokerError) in try channels.connection.depth(of: queue) }
    }

    func keepAlive(_ link: Int) throws(BrokerError) {
        try onChannels(of: link) { channels throws(BrokerError) in try channels.pumpWhatIsThere() }
    }

    func certificateEnd() -> Double? { connection?.certificates.brokerNotAfter?.timeIntervalSince1970 }

    func bufferedBytes(_ link: Int) -> Int { members[link]?.channels?.buffer.bytes ?? 0 }

    func close(_ link: Int) {
        guard let channels = members[link]?.channels else { return }
        leave(channels, link)
        guard !members.values.contains(where: { $0.channels?.connection === channels.connection }) else { return }
        channels.connection.close()
        if connection === channels.connection { connection = nil }
    }

    /// What the link consumed goes back to the queues; its next call gets new channels.
    private func leave(_ channels: LinkChannels, _ link: Int) {
        members[link]?.channels = nil
        channels.connection.leave(channels)
    }

    private func onChannels<Result>(
        of link: Int, _ body: (LinkChannels) throws(BrokerError) -> Result
    ) throws(BrokerError) -> Result {
        let channels = try channels(of: link)
        defer { takeRefused(from: channels, link) }
        do throws(BrokerError) {
            return try body(channels)
        } catch {
            if !channels.isOpen { leave(channels, link) }
            throw error
        }
    }

    /// - Throws: why the link has none any more; new ones are there at the next call.
    private func channels(of link: Int) throws(BrokerError) -> LinkChannels {
        if let channels = members[link]?.channels {
            guard let error = channels.connection.loss ?? channels.failure else { return channels }
            leave(channels, link)
            throw error
        }
        let connection = try openConnection()
        joins += 1
        let channels = connection.join(number: joins)
        members[link, default: Member()].channels = channels
        return channels
    }

    private func openConnection() throws(BrokerError) -> Connection {
        if let connection, connection.isOpen { return connection }
        connection = nil
        if let failure, ContinuousClock.now - failure.at < RabbitMQConnection.failureHolds { throw failure.error }
        do throws(BrokerError) {
            if let rereadURL {
                let now = try RabbitMQConfiguration(url: rereadURL())
                (configuration.user, configuration.password) = (now.user, now.password)
            }
            let connection = try Connection(configuration)
            self.connection = connection
            return connection
        } catch {
            failure = (error, ContinuousClock.now)
            throw error
        }
    }

    /// Brings what the link consumes in line with what is wanted, when that has changed.
    private func subscribe(_ channels: LinkChannels, _ link: Int) throws(BrokerError) {
        let now = ContinuousClock.now
        if channels.isPaused {
            guard channels.buffer.hasRoom else { return }
            channels.isPaused = false
            members[link]?.subscriptions?.unsettle()
        }
        guard let subscriptions = members[link]?.subscriptions, subscriptions.isDue(on: channels.number, at: now) else {
            return
        }
        let plan = subscriptions.plan(consumed: channels.consumed, at: now)
        try channels.cancel(plan.cancel)
        try channels.subscribe(to: plan.subscribe, prefetch: subscriptions.prefetch)
        takeRefused(from: channels, link)
        members[link]?.subscriptions?.settled(on: channels.number, consumed: channels.consumed)
    }

    private func takeRefused(from channels: LinkChannels, _ link: Int) {
        guard !channels.refused.isEmpty else { return }
        members[link]?.subscriptions?.leave(out: channels.refused, at: ContinuousClock.now)
        channels.refused = [:]
    }

    /// Returns when it is so, when the time is up, or when the link's channels are gone.
    private func wait(
        _ link: Int, within timeout: Duration, until isReady: @escaping (LinkChannels) -> Bool
    ) async throws(BrokerError) {
        let deadline = ContinuousClock.now + timeout
        try onChannels(of: link) { channels throws(BrokerError) in
            try channels.connection.pump(within: .zero) { isReady(channels) || channels.failure != nil }
            try channels.check()
        }
        guard let channels = members[link]?.channels, channels.isOpen, !isReady(channels),
            ContinuousClock.now < deadline
        else { return }
        await withCheckedContinuation { continuation in
            waiters.append(
                Waiter(channels: channels, deadline: deadline, isReady: isReady, continuation: continuation))
            guard !isReading else { return }
            isReading = true
            Task { await readForWaiters() }
        }
    }

    private func readForWaiters() async {
        while let deadline = waiters.map(\.deadline).min() {
            if let connection, connection.isOpen {
                // That it was lost is told to each link by its next call.
                try? connection.pump(within: deadline - .now, on: executor) { [waiters] in
                    waiters.contains { $0.isReady($0.channels) || !$0.channels.isOpen }
                }
            }
            let now = ContinuousClock.now
            let done = waiters.filter { $0.isDone(at: now) }
            waiters.removeAll { $0.isDone(at: now) }
            for waiter in done { waiter.continuation.resume() }
            if !waiters.isEmpty { await Task.yield() }
        }
        isReading = false
    }
}
