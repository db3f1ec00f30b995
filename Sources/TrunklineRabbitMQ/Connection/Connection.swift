import CRabbitMQ
import TrunklineCore

/// One connection of the library, from login until it is lost.
///
/// Not Sendable: belongs to the ``RabbitMQLink`` that opened it, and is used on its thread only.
/// After `isOpen` became false nothing but releasing it is of use. All frames are read in one place,
/// `Connection+Frames.swift`, which files what arrives into `confirmations`, `deliveries` and `reply`,
/// whoever waits for what.
final class Connection {
    struct Consumer: Hashable {
        var queue: String
        var prefetch: Int
    }

    let configuration: RabbitMQConfiguration
    /// Counts the connections of the link.
    let number: UInt64
    let state: amqp_connection_state_t

    var isOpen = true
    /// Whether the broker stopped reading from us (connection.blocked): low on memory or disk.
    var isBlocked = false
    var openChannels: Set<Channel> = [.connection]

    var ledger: ConfirmLedger
    var confirmations: [Confirmation] = []

    var consumer: Consumer?
    var deliveries: [Delivery] = []
    /// Deliveries that were rejected for their size, for `receive` to report.
    var refusals: [BrokerError] = []

    var incoming: [Channel: IncomingMessage] = [:]
    /// The answer to the synchronous method that is being waited for.
    var reply: Reply?

    /// Connects and logs in.
    init(_ configuration: RabbitMQConfiguration, number: UInt64) throws(BrokerError) {
        guard let state = amqp_new_connection() else { fatalError("out of memory") }
        self.configuration = configuration
        self.number = number
        self.state = state
        ledger = ConfirmLedger(connection: number)
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

    /// Throws when a status of the library says that the connection is gone.
    func check(_ status: Int32, _ operation: String, _ subject: String) throws(BrokerError) {
        guard status < 0 else { return }
        isOpen = false
        throw BrokerError(status: status, operation: operation, subject: subject)
    }
}
