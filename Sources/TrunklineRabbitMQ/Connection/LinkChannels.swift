import CRabbitMQ
import TrunklineCore

/// The channels that one link has on a connection, and what came over them.
///
/// They end with the connection, or alone: when the broker closes one of them, which is the link's own affair.
final class LinkChannels {
    let connection: Connection
    let place: UInt16
    /// For the tags of messages.
    let number: UInt64
    let publishing: Channel
    let consuming: Channel
    var configuration: RabbitMQConfiguration { connection.configuration }
    var isOpen: Bool { connection.isOpen && failure == nil && !isLeft }

    /// Why the broker closed one of them.
    var failure: BrokerError?
    /// Its link closed it.
    var isLeft = false

    var ledger: ConfirmLedger
    var confirmations: [PublisherConfirm] = []

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

    init(on connection: Connection, place: UInt16, number: UInt64) {
        self.connection = connection
        self.place = place
        self.number = number
        publishing = .publishing(place)
        consuming = .consuming(place)
        ledger = ConfirmLedger(connection: number)
        buffer = DeliveryBuffer(limit: connection.configuration.bufferLimit)
    }

    /// Throws when the channels have failed.
    func check() throws(BrokerError) {
        if let failure { throw failure }
    }

    func nextConsumerTag(of queue: String) -> String {
        consumerNumber += 1
        return ConsumerTag.text(queue, consumerNumber)
    }
}
