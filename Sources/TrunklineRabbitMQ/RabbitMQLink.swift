internal import FoundationEssentials
public import TrunklineCore

/// A ``BrokerLink`` to RabbitMQ through librabbitmq: AMQP 0-9-1, with or without TLS.
///
/// All calls run one after the other on a thread of the link's own, since the library blocks. A call waits for
/// the calls before it: `receive(within:)` with a long timeout delays a `publish`. It is not cut short when its
/// task is cancelled, so an owner that must stop quickly passes a short timeout.
///
/// - A queue that cannot be consumed harms no other one, see ``consume(_:prefetch:)``; but where the reason is another
///   than that it is missing, or where the broker does not answer, finding out costs the connection.
/// - An error of code `unreachable` or `closedByBroker`, and any error about publishing or consuming that the
///   broker itself raised, means that the connection is gone, and with it all confirmations that were still to
///   come. Three errors leave it as it was: `tooLarge` from our own limit, a failed `declare` or `depth`,
///   and `publish` while the broker blocks publishers because it is low on memory or disk.
/// - A delivery over ``RabbitMQConfiguration/maxMessageBytes`` is rejected to the queue's dead-letter exchange
///   and reported by one `receive`; a queue without such an exchange loses it.
/// - A `publish` of a body that the broker stops reading half-way waits until it reads on or is lost.
/// - `receive` after a reconnect resumes the queues of the last `consume`.
public actor RabbitMQLink: BrokerLink {
    private let configuration: RabbitMQConfiguration
    private nonisolated let executor: ThreadExecutor
    private var connection: Connection?
    private var connections: UInt64 = 0
    /// nil before the first `consume`.
    private var subscriptions: Subscriptions?

    /// Connects at the first call that needs the broker.
    public init(_ configuration: RabbitMQConfiguration) {
        self.configuration = configuration
        executor = ThreadExecutor(name: "rabbitmq")
    }

    deinit { executor.stop() }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public func publish(_ message: OutboundMessage) throws(BrokerError) -> MessageTag {
        try connected { connection throws(BrokerError) in try connection.publish(message) }
    }

    public func confirmations(within timeout: Duration) throws(BrokerError) -> [Confirmation] {
        try connected { connection throws(BrokerError) in try connection.takeConfirmations(within: timeout) }
    }

    @discardableResult
    public func consume(_ queues: Set<String>, prefetch: Int) throws(BrokerError) -> [String: BrokerError] {
        guard (1...Int(UInt16.max)).contains(prefetch) else {
            throw BrokerError(
                .configuration, operation: "consume", subject: configuration.address,
                reason: "the prefetch is not from 1 to 65535")
        }
        subscriptions = subscriptions ?? Subscriptions()
        subscriptions?.want(queues, prefetch: prefetch)
        try connected { connection throws(BrokerError) in try subscribe(connection) }
        return subscriptions?.leftOut.mapValues(\.error) ?? [:]
    }

    public func receive(within timeout: Duration) throws(BrokerError) -> Delivery? {
        guard subscriptions != nil else {
            throw BrokerError(
                .configuration, operation: "receive", subject: configuration.address,
                reason: "no queue is consumed", hint: "call consume first")
        }
        return try connected { connection throws(BrokerError) in
            try subscribe(connection)
            return try connection.receive(within: timeout)
        }
    }

    public func acknowledge(_ delivery: Delivery) throws(BrokerError) {
        guard connection?.number == delivery.tag.connection else { return }
        try connected { connection throws(BrokerError) in try connection.acknowledge(delivery) }
    }

    public func declare(_ topology: Topology) throws(BrokerError) {
        try connected { connection throws(BrokerError) in try connection.declare(topology) }
    }

    public func depth(of queue: String) throws(BrokerError) -> QueueDepth {
        try connected { connection throws(BrokerError) in try connection.depth(of: queue) }
    }

    public func keepAlive() throws(BrokerError) {
        try connected { connection throws(BrokerError) in try connection.pumpWhatIsThere() }
    }

    public func certificateEnd() -> Double? { connection?.certificates.brokerNotAfter?.timeIntervalSince1970 }

    public func close() {
        connection?.close()
        connection = nil
    }

    /// Of messages that were not received yet.
    var bufferedBytes: Int { connection?.buffer.bytes ?? 0 }

    private func connected<Result>(
        _ body: (Connection) throws(BrokerError) -> Result
    ) throws(BrokerError) -> Result {
        let connection = try openConnection()
        defer {
            if !connection.refused.isEmpty {
                subscriptions?.leave(out: connection.refused, at: .now)
                connection.refused = [:]
            }
            if !connection.isOpen { self.connection = nil }
        }
        return try body(connection)
    }

    /// Brings what the connection consumes in line with what is wanted, when that has changed.
    private func subscribe(_ connection: Connection) throws(BrokerError) {
        let now = ContinuousClock.now
        if connection.isPaused {
            guard connection.buffer.hasRoom else { return }
            connection.isPaused = false
            subscriptions?.unsettle()
        }
        guard let plan = plan(for: connection, at: now) else { return }
        try connection.cancel(plan.cancel)
        try connection.subscribe(to: plan.subscribe, prefetch: plan.prefetch)
        if !connection.refused.isEmpty {
            subscriptions?.leave(out: connection.refused, at: now)
            connection.refused = [:]
        }
        subscriptions?.settled(on: connection.number, consumed: connection.consumed)
    }

    private func plan(
        for connection: Connection, at now: ContinuousClock.Instant
    ) -> (cancel: [String], subscribe: [String], prefetch: Int)? {
        guard let subscriptions, subscriptions.isDue(on: connection.number, at: now) else { return nil }
        let plan = subscriptions.plan(consumed: connection.consumed, at: now)
        return (plan.cancel, plan.subscribe, subscriptions.prefetch)
    }

    private func openConnection() throws(BrokerError) -> Connection {
        if let connection { return connection }
        connections += 1
        let connection = try Connection(configuration, number: connections)
        self.connection = connection
        return connection
    }
}
