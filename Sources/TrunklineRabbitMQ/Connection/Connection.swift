import CRabbitMQ
import TrunklineCore

/// One connection of the library, from login until it is lost.
///
/// Not Sendable: belongs to the ``RabbitMQConnection`` that opened it, and is used on its thread only.
/// After `isOpen` became false nothing but releasing it is of use. All frames are read in one place,
/// `Connection+Frames.swift`, which files what arrives with the ``LinkChannels`` that it is for, or into `replies`,
/// whoever waits for what.
final class Connection {
    let configuration: RabbitMQConfiguration
    let state: amqp_connection_state_t

    let certificates = CertificateCheck()

    /// Why it is no longer open.
    private(set) var loss: BrokerError?
    private var isClosed = false
    var isOpen: Bool { !isClosed && loss == nil }
    /// It was lost because an answer did not come.
    private(set) var isSilent = false
    /// Whether the broker stopped reading from us (connection.blocked): low on memory or disk.
    var isBlocked = false
    var openChannels: Set<Channel> = [.connection]
    /// By their place.
    private var links: [UInt16: LinkChannels] = [:]

    /// The answers to the synchronous methods that are being waited for.
    var replies: [Reply] = []
    var lastHeartbeat = ContinuousClock.now

    /// Connects and logs in.
    init(_ configuration: RabbitMQConfiguration) throws(BrokerError) {
        guard let state = amqp_new_connection() else { fatalError("out of memory") }
        self.configuration = configuration
        self.state = state
        try open()
    }

    deinit { amqp_destroy_connection(state) }

    /// Gives a link channels of its own, which are opened when it needs them.
    /// - Parameter number: of no other channels of these links, ever.
    func join(number: UInt64) -> LinkChannels {
        var place: UInt16 = 1
        while links[place] != nil { place += 1 }
        let channels = LinkChannels(on: self, place: place, number: number)
        links[place] = channels
        return channels
    }

    /// Whether a link has as much in its buffer as it may.
    var isFull: Bool { links.values.contains { $0.buffer.isFull } }

    /// nil: of none, or of one that left: what comes for it is of no use to anybody.
    func link(of channel: Channel) -> LinkChannels? { links[channel.place].flatMap { $0.isLeft ? nil : $0 } }

    /// Closes the channels of a link: what it did not acknowledge goes back to the queues.
    func leave(_ channels: LinkChannels) {
        channels.isLeft = true
        guard isOpen else { return }
        // Their place is not given to another one before the broker has let go of them.
        for channel in [channels.publishing, channels.consuming] {
            try? closeChannel(channel, within: .seconds(2))
        }
        links[channels.place] = nil
    }

    /// Says goodbye to the broker, and waits a little for its answer.
    func close() {
        guard isOpen else { return }
        isClosed = true
        links = [:]
        var patience = Duration.seconds(2).timeValue
        amqp_set_rpc_timeout(state, &patience)
        _ = amqp_connection_close(state, AMQP_REPLY_SUCCESS)
    }

    /// - Returns: the error, to be thrown.
    func lost(_ error: BrokerError, silent: Bool = false) -> BrokerError {
        loss = loss ?? error
        links = [:]
        isSilent = silent
        return error
    }

    /// Throws when a status of the library says that the connection is gone.
    func check(_ status: Int32, _ operation: String, _ subject: String) throws(BrokerError) {
        guard status < 0 else { return }
        throw lost(BrokerError(status: status, operation: operation, subject: subject))
    }
}
