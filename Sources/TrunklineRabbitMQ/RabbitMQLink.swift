public import TrunklineCore

/// A ``BrokerLink`` to RabbitMQ through librabbitmq: AMQP 0-9-1, with or without TLS; alone on its connection, or one
/// of several on a ``RabbitMQConnection``.
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
public final class RabbitMQLink: BrokerLink {
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

    public func publish(_ message: OutboundMessage) async throws(BrokerError) -> MessageTag {
        try await connection.publish(message, number)
    }

    public func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation] {
        try await connection.confirmations(within: timeout, number)
    }

    @discardableResult
    public func consume(_ queues: Set<String>, prefetch: Int) async throws(BrokerError) -> [String: BrokerError] {
        try await connection.consume(queues, prefetch: prefetch, number)
    }

    public func receive(within timeout: Duration) async throws(BrokerError) -> Delivery? {
        try await connection.receive(within: timeout, number)
    }

    public func acknowledge(_ delivery: Delivery) async throws(BrokerError) {
        try await connection.acknowledge(delivery, number)
    }

    public func declare(_ topology: Topology) async throws(BrokerError) {
        try await connection.declare(topology, number)
    }

    public func depth(of queue: String) async throws(BrokerError) -> QueueDepth {
        try await connection.depth(of: queue, number)
    }

    public func keepAlive() async throws(BrokerError) { try await connection.keepAlive(number) }

    public func certificateEnd() async -> Double? { await connection.certificateEnd() }

    public func close() async { await connection.close(number) }

    /// Of messages that were not received yet.
    var bufferedBytes: Int { get async { await connection.bufferedBytes(number) } }
}
