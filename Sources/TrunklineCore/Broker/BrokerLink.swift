/// One connection to the message broker, as the services see it.
///
/// - Connects by itself at the first call that needs the broker. A call that finds the connection
///   lost throws a transient ``BrokerError``; the next call connects anew. Nobody needs a restart.
/// - Publishes persistent and mandatory with publisher confirms; every published message gets
///   exactly one ``Confirmation`` while its connection lives, and none after it was lost: the
///   caller takes a lost connection as «not confirmed».
/// - Consumes with manual acknowledgement. What was delivered over a lost connection is delivered
///   again, so acknowledging a delivery of an earlier connection does nothing.
/// - May deliver a message more than once, and in another order after a reconnect.
/// - Heartbeats are serviced inside the calls, so an owner calls something at least every few seconds.
public protocol BrokerLink: Sendable {
    /// Hands a message to the broker, without waiting for the confirm.
    /// - Returns: the tag that its ``Confirmation`` will name.
    func publish(_ message: OutboundMessage) async throws(BrokerError) -> MessageTag

    /// The confirmations that arrived; waits up to `timeout` for the first one.
    func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation]

    /// Makes these the consumed queues, of this connection and of those after it: subscribes to what is new among them,
    /// and cancels the others. Costs nothing when nothing has changed, so an owner calls it as often as it likes.
    ///
    /// A queue that is missing, or is deleted later, stops no other one: it is left out and tried again by itself, at
    /// growing intervals. What came from a queue that is no longer wanted, and was not received, goes back to it.
    /// - Parameter prefetch: of each queue, the messages that may be delivered and not yet acknowledged; a change holds
    ///   for queues that are subscribed to from then on.
    /// - Returns: the queues that are left out at the moment, and why.
    @discardableResult
    func consume(_ queues: Set<String>, prefetch: Int) async throws(BrokerError) -> [String: BrokerError]

    /// The next message of any consumed queue; nil when none came within `timeout`.
    ///
    /// What the broker sends ahead is kept in memory up to a limit of bytes, behind which it has to wait.
    func receive(within timeout: Duration) async throws(BrokerError) -> Delivery?

    /// Tells the broker that the message is dealt with.
    func acknowledge(_ delivery: Delivery) async throws(BrokerError)

    /// Creates exchanges, queues and bindings that do not exist yet, and returns when they would survive a crash of
    /// the broker.
    /// - Throws: a permanent error when one exists with other properties.
    func declare(_ topology: Topology) async throws(BrokerError)

    /// How full a queue is.
    func depth(of queue: String) async throws(BrokerError) -> QueueDepth

    /// Connects if needed, and services heartbeats; throws when the connection is lost.
    func keepAlive() async throws(BrokerError)

    /// When the broker's certificate ends, in seconds since 1970; nil without a connection, or where it has none.
    func certificateEnd() async -> Double?

    /// Closes the connection; a later call connects again.
    func close() async
}

/// Names one published message on one connection.
public struct MessageTag: Hashable, Sendable {
    /// Counts the connections of the link, so that a tag of a lost one is never mistaken.
    public var connection: UInt64
    /// The publisher-confirm sequence number, or the delivery tag.
    public var number: UInt64

    public init(connection: UInt64, number: UInt64) {
        self.connection = connection
        self.number = number
    }
}

/// What became of a published message.
public enum Confirmation: Hashable, Sendable {
    /// The broker has it, safely.
    case confirmed(MessageTag)
    /// The broker refused it (basic.nack).
    case nacked(MessageTag)
    /// No queue is bound for it (basic.return).
    case returned(MessageTag, reason: String)
}

/// A message to publish.
public struct OutboundMessage: Sendable {
    public var exchange: String
    public var routingKey: String
    public var type: MessageType
    public var messageID: String
    public var contentType: String
    public var contentEncoding: String?
    public var headers: [String: String]
    public var body: [UInt8]

    public init(
        exchange: String, routingKey: String, type: MessageType, messageID: String, contentType: String,
        contentEncoding: String?, headers: [String: String] = [:], body: [UInt8]
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.type = type
        self.messageID = messageID
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.headers = headers
        self.body = body
    }
}

/// The AMQP `type` property of our messages.
public enum MessageType: String, Sendable {
    case batch, ack
    /// The head asks a branch to verify; the body is the id of the question.
    case verify
    /// A sender stopped its own stream, see ``Halt``.
    case halt
}

/// A message that arrived.
public struct Delivery: Sendable {
    public var tag: MessageTag
    /// Where it was.
    public var queue: String
    public var routingKey: String
    /// The `type` property as it came; nil when absent.
    public var type: String?
    public var messageID: String?
    public var contentType: String?
    public var contentEncoding: String?
    /// The publishing user, validated by the broker; nil when absent.
    public var userID: String?
    public var redelivered: Bool
    public var body: [UInt8]

    public init(
        tag: MessageTag, queue: String, routingKey: String, type: String?, messageID: String?, contentType: String?,
        contentEncoding: String?, userID: String?, redelivered: Bool, body: [UInt8]
    ) {
        self.tag = tag
        self.queue = queue
        self.routingKey = routingKey
        self.type = type
        self.messageID = messageID
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.userID = userID
        self.redelivered = redelivered
        self.body = body
    }
}

public struct QueueDepth: Hashable, Sendable {
    /// Messages ready for delivery (not those already with a consumer).
    public var ready: Int
    public var consumers: Int

    public init(ready: Int, consumers: Int) {
        self.ready = ready
        self.consumers = consumers
    }
}
