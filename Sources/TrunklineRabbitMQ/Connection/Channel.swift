import CRabbitMQ

/// The channels of a connection. Each kind of work has its own, so that the broker's closing of one
/// says which work failed.
enum Channel: amqp_channel_t {
    /// Methods about the connection itself.
    case connection = 0
    /// In confirm mode.
    case publishing = 1
    case consuming = 2
    /// Open only during one declaration or question, as a failed one closes it.
    case topology = 3

    /// For messages to people.
    var operation: String {
        switch self {
        case .connection: "use connection"
        case .publishing: "publish"
        case .consuming: "consume"
        case .topology: "declare"
        }
    }
}
