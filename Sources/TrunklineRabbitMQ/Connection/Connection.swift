import CRabbitMQ
import TrunklineCore

/// One connection of the library, from login until it is lost.
///
/// Not Sendable: belongs to the ``RabbitMQLink`` that opened it, and is used on its thread only.
/// After `isOpen` became false nothing but releasing it is of use. All frames are read in one place,
/// `Connection+Frames.swift`, which files what arrives into `confirmations`, `buffer` and `replies`,
/// whoever waits for what.
final class Connection {
    /// Whose fault it is that it is no longer open.
    enum Failure {
        case connection
        /// The broker closed the channel: the work's that was done there.
        case channel
        /// An answer did not come.
        case silence
    }

    let configuration: RabbitMQConfiguration
    /// Counts the connections of the link.
    let number: UInt64
    let state: amqp_connection_state_t

    let certificates = CertificateCheck()

    var isOpen = true
    var failure = Failure.connection
    /// Whether the broker stopped reading from us (connection.blocked): low on memory or disk.
    var isBlocked = false
    var openChannels: Set<Channel> = [.connection]

    var ledger: ConfirmLedger
    var confirmations: [Confirmation] = []

    /// The consumed queues, with the tags of their consumers.
    var consumers: [String: String] = [:]
    var consumed: Set<String> { Set(consumers.keys) }
    private var consumerNumber: UInt64 = 0
    /// Whether queues are not consumed because the buffer has no room for what they would bring.
    var isPaused = false
    var buffer: DeliveryBuffer
    /// Queues that could not be consumed, or are no longer, for the link to take.
    var refused: [String: BrokerError] = [:]
    /// Deliveries that were rejected for their size, for `receive` to report.
    var refusals: [BrokerError] = []

    var incoming: [Channel: IncomingMessage] = [:]
    /// The answers to the synchronous methods that are being waited for.
    var replies: [Reply] = []
    var lastHeartbeat = ContinuousClock.now

    /// Connects and logs in.
    init(_ configuration: RabbitMQConfiguration, number: UInt64) throws(BrokerError) {
        guard let state = amqp_new_connection() else { fatalError("out of memory") }
        self.configuration = configuration
        self.number = number
        self.state = state
        ledger = ConfirmLedger(connection: number)
        buffer = DeliveryBuffer(limit: configuration.bufferLimit)
        try open()
    }

    deinit { amqp_destroy_connection(state) }

    /// Says goodbye to the broker, and waits a little for its answer.
    func close() {
        guard isOpen else { return }
        isOpen = false
        var patience = Duration.seconds(2).timeValue
        amqp_set_rpc_timeout(state, &patience)
        _ = amqp_connection_close(state, AMQP_REPLY_SUCCESS)
    }

    func nextConsumerTag(of queue: String) -> String {
        consumerNumber += 1
        return ConsumerTag.text(queue, consumerNumber)
    }

    /// Throws when a status of the library says that the connection is gone.
    func check(_ status: Int32, _ operation: String, _ subject: String) throws(BrokerError) {
        guard status < 0 else { return }
        isOpen = false
        throw BrokerError(status: status, operation: operation, subject: subject)
    }
}
