/// Where the broker is, who we are to it, and the limits of one connection.
public struct RabbitMQConfiguration: Sendable {
    /// How an `amqps://` connection proves who is at either end.
    public struct TLS: Hashable, Sendable {
        /// PEM file of the authorities to trust; nil: those of the system.
        public var caFile: String?
        /// PEM file with our certificate, for a broker that asks for one; needs `keyFile`.
        public var certificateFile: String?
        /// PEM file with the unencrypted key of `certificateFile`.
        public var keyFile: String?
        /// Whether the broker's certificate must come from a trusted authority.
        public var verifiesPeer = true
        /// Whether the broker's certificate must name the host of the URL.
        public var verifiesHostName = true

        public init(caFile: String? = nil) { self.caFile = caFile }
    }

    public var host: String
    public var port: Int
    public var virtualHost: String
    public var user: String
    public var password: String
    /// nil: plain AMQP.
    public var tls: TLS?
    /// Seconds, 1 to 600. The connection counts as lost after twice this time without a sign of life.
    public var heartbeat = 30
    /// For the TCP connection and TLS together, and once more for the login.
    public var connectTimeout = Duration.seconds(10)
    /// For the broker's answer to one synchronous method, as in queue.declare.
    public var replyTimeout = Duration.seconds(30)
    /// What the broker's management page calls this connection.
    public var connectionName = "trunkline"
    /// The longest body, in bytes, that is published or received.
    public var maxMessageBytes = 32 << 20
    /// How many bytes of messages that nobody has received yet are kept before the broker has to wait. One message more,
    /// and twice as many while a call waits for its answer, may be there.
    public var bufferLimit = 32 << 20

    /// `host:port`, for messages to people.
    var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension RabbitMQConfiguration: CustomStringConvertible, CustomReflectable {
    /// Without the password.
    public var description: String {
        "\(tls == nil ? "amqp" : "amqps")://\(user)@\(address) virtual host \(virtualHost)"
    }

    /// Empty, since a dump of the fields would print the password.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
