import CRabbitMQ

/// The channels of a connection. Each kind of work of each link has its own, so that the broker's closing of one
/// says which work failed.
struct Channel: Hashable {
    let rawValue: amqp_channel_t

    /// Methods about the connection itself.
    static let connection = Channel(rawValue: 0)
    /// Open only during one declaration or question, as a failed one closes it.
    static let topology = Channel(rawValue: 1)

    /// In confirm mode.
    /// - Parameter place: of the link on the connection, from 1.
    static func publishing(_ place: UInt16) -> Channel { Channel(rawValue: place * 2) }

    static func consuming(_ place: UInt16) -> Channel { Channel(rawValue: place * 2 + 1) }

    /// 0: of no link.
    var place: UInt16 { rawValue / 2 }

    /// For messages to people.
    var operation: String {
        switch self {
        case .connection: "use connection"
        case .topology: "declare"
        default: rawValue.isMultiple(of: 2) ? "publish" : "consume"
        }
    }
}
