import CRabbitMQ
import Glibc
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
    /// Those that a link left, until the broker has let go of them.
    private(set) var closing: Set<Channel> = []
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
    ///
    /// The broker's answer is not waited for: on a slow line it comes behind all that others still send. Until then
    /// nobody else gets the channels.
    func leave(_ channels: LinkChannels) {
        channels.isLeft = true
        guard isOpen else { return }
        for channel in [channels.publishing, channels.consuming] where openChannels.remove(channel) != nil {
            var arguments = amqp_channel_close_t()
            arguments.reply_code = UInt16(AMQP_REPLY_SUCCESS)
            closing.insert(channel)
            let status = amqp_send_method(state, channel.rawValue, AMQP_CHANNEL_CLOSE_METHOD, &arguments)
            // Each link is told by its next call.
            try? check(status, "close channel", configuration.address)
        }
        vacate(channels.place)
    }

    /// The broker has let go of a channel that was closed.
    func closed(_ channel: Channel) {
        closing.remove(channel)
        vacate(channel.place)
    }

    private func vacate(_ place: UInt16) {
        guard links[place]?.isLeft == true, !closing.contains(where: { $0.place == place }) else { return }
        links[place] = nil
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
        // So that the broker, if it can be reached, gives what was consumed here to the next connection.
        shutdown(amqp_get_sockfd(state), Int32(SHUT_RDWR))
        isSilent = silent
        return error
    }

    /// Throws when a status of the library says that the connection is gone.
    func check(_ status: Int32, _ operation: String, _ subject: String) throws(BrokerError) {
        guard status < 0 else { return }
        throw lost(BrokerError(status: status, operation: operation, subject: subject))
    }
}
