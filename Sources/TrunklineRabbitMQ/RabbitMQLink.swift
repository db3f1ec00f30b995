public import TrunklineCore

/// A link to RabbitMQ through librabbitmq: AMQP 0-9-1, with or without TLS; alone on its connection, or one of several
/// on a ``RabbitMQConnection``.
///
/// - Connects by itself at the first call that needs the broker. A call that finds the connection
///   lost throws a transient ``BrokerError``; the next call connects anew. Nobody needs a restart.
/// - Publishes persistent and mandatory with publisher confirms; every published message gets
///   exactly one ``PublisherConfirm`` while its connection lives, and none after it was lost: the
///   caller takes a lost connection as «not confirmed».
/// - Consumes with manual acknowledgement. What was delivered over a lost connection is delivered
///   again, so acknowledging a delivery of an earlier connection does nothing.
/// - May deliver a message more than once, and in another order after a reconnect.
/// - Heartbeats are serviced inside the calls, so an owner calls something at least every few seconds.
///
/// A call is not cut short when its task is cancelled, so an owner that must stop quickly passes a short timeout.
///
/// - A queue that cannot be consumed harms no other one, see ``consume(_:prefetch:)``; but where the reason is another
///   than that it is missing, finding out costs the link's channels, and where the broker does not answer, the connection.
/// - An error of code `unreachable` or `closedByBroker`, and any error about publishing or consuming that the
///   broker itself raised, means that the channels are gone, and with them all confirmations that were still to
///   come. Three errors leave them as they were: `tooLarge` from our own limit, a failed `declare` or `depth`,
///   and `publish` while the broker blocks publishers because it is low on memory or disk.
/// - A delivery over ``RabbitMQConfiguration/maxMessageBytes`` is rejected to the queue's dead-letter exchange
///   and reported by one `receive`; a queue without such an exchange loses it.
/// - A `publish` of a body that the broker stops reading half-way waits until it reads on or is lost.
/// - `receive` after a reconnect resumes the queues of the last `consume`.
public final class RabbitMQLink: Sendable {
    private let connection: RabbitMQConnection
    private let number: Int

    /// A link with a connection of its own, that is made at the first call that needs the broker.
    public convenience init(_ configuration: RabbitMQConfiguration) {
        self.init(on: RabbitMQConnection(configuration))
    }

    /// A link that shares a connection with others.
    public init(on connection: RabbitMQConnection) {
        self.connection = connection
        number = connection.nextLink()
    }

    deinit { Task { [connection, number] in await connection.close(number) } }

    /// Hands a message to the broker, without waiting for the confirm.
    /// - Returns: the tag that its ``PublisherConfirm`` will name.
    public func publish(_ message: OutboundMessage) async throws(BrokerError) -> MessageTag {
        try await connection.publish(message, number)
    }

    /// The confirms that arrived; waits up to `timeout` for the first one.
    public func confirmations(within timeout: Duration) async throws(BrokerError) -> [PublisherConfirm] {
        try await connection.confirmations(within: timeout, number)
    }

    /// Makes these the consumed queues, of this connection and of those after it: subscribes to what is new among them,
    /// and cancels the others. Costs nothing when nothing has changed, so an owner calls it as often as it likes.
    ///
    /// A queue that is missing, or is deleted later, stops no other one: it is left out and tried again by itself, at
    /// growing intervals. What came from a queue that is no longer wanted, and was not received, goes back to it.
    /// - Parameter prefetch: of each queue, the messages that may be delivered and not yet acknowledged; a change holds
    ///   for queues that are subscribed to from then on.
    /// - Returns: the queues that are left out at the moment, and why.
    @discardableResult
    public func consume(_ queues: Set<String>, prefetch: Int) async throws(BrokerError) -> [String: BrokerError] {
        try await connection.consume(queues, prefetch: prefetch, number)
    }

    /// The next message of any consumed queue; nil when none came within `timeout`.
    ///
    /// What the broker sends ahead is kept in memory up to a limit of bytes, behind which it has to wait.
    public func receive(within timeout: Duration) async throws(BrokerError) -> AMQPDelivery? {
        try await connection.receive(within: timeout, number)
    }

    /// Tells the broker that the message is dealt with.
    public func acknowledge(_ delivery: AMQPDelivery) async throws(BrokerError) {
        try await acknowledge(delivery.tag, in: delivery.queue)
    }

    func acknowledge(_ tag: MessageTag, in queue: String) async throws(BrokerError) {
        try await connection.acknowledge(tag, in: queue, number)
    }

    /// Creates exchanges, queues and bindings that do not exist yet, and returns when they would survive a crash of
    /// the broker.
    /// - Throws: a permanent error when one exists with other properties.
    public func declare(_ topology: Topology) async throws(BrokerError) {
        try await connection.declare(topology, number)
    }

    /// How full a queue is.
    public func depth(of queue: String) async throws(BrokerError) -> QueueDepth {
        try await connection.depth(of: queue, number)
    }

    /// Connects if needed, and services heartbeats; throws when the connection is lost.
    public func keepAlive() async throws(BrokerError) { try await connection.keepAlive(number) }

    /// When the broker's certificate ends, in seconds since 1970; nil without a connection, or where it has none.
    public func certificateEnd() async -> Double? { await connection.certificateEnd() }

    /// Closes the connection; a later call connects again.
    public func close() async { await connection.close(number) }

    /// Of messages that were not received yet.
    var bufferedBytes: Int { get async { await connection.bufferedBytes(number) } }
}
