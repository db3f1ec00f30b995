internal import Synchronization
public import TrunklineCore

/// An ``Inbox`` over a ``RabbitMQLink``: the queues of an office, with manual acknowledgement.
public final class RabbitMQInbox: Inbox {
    private struct Wanted {
        var kinds: Set<Envelope.Kind>
        var senders: Set<OfficeID>
        var queues: Set<String>
    }

    private let link: RabbitMQLink
    private let office: OfficeID
    private let prefetch: Int
    /// Of the last ``want(_:from:)``: a thousand names are not put together anew before each message.
    private let wanted = Mutex<Wanted?>(nil)

    /// - Parameters:
    ///   - office: whose inbox it is.
    ///   - prefetch: of each queue, the messages that may be delivered and not yet acknowledged.
    public init(_ link: RabbitMQLink, of office: OfficeID, prefetch: Int) {
        self.link = link
        self.office = office
        self.prefetch = prefetch
    }

    @discardableResult
    public func want(
        _ kinds: Set<Envelope.Kind>, from senders: Set<OfficeID>
    ) async throws(BrokerError) -> [String: BrokerError] {
        let leftOut = try await link.consume(queues(of: kinds, from: senders), prefetch: prefetch)
        return Dictionary(uniqueKeysWithValues: leftOut.map { ("queue \($0.key)", $0.value) })
    }

    private func queues(of kinds: Set<Envelope.Kind>, from senders: Set<OfficeID>) -> Set<String> {
        wanted.withLock { wanted in
            if let wanted, wanted.kinds == kinds, wanted.senders == senders { return wanted.queues }
            let queues = Topology.queues(of: kinds, from: senders, to: office)
            wanted = Wanted(kinds: kinds, senders: senders, queues: queues)
            return queues
        }
    }

    public func receive(within timeout: Duration) async throws(BrokerError) -> Delivery? {
        guard let message = try await link.receive(within: timeout) else { return nil }
        return delivery(of: message)
    }

    /// The key of what the head sends names the branch that it is for, and only the head may write it.
    private func delivery(of message: AMQPDelivery) -> Delivery {
        Delivery(
            tag: message.tag, sender: office == .head ? message.routingKey : OfficeID.head.description,
            senderClaim: "routing key \"\(message.routingKey)\"", kind: message.type, id: message.messageID,
            contentType: message.contentType, contentEncoding: message.contentEncoding,
            verifiedSender: message.userID, place: message.queue,
            isMisplaced: Topology.isMisplaced(message.routingKey, in: message.queue), body: message.body)
    }

    public func acknowledge(_ delivery: Delivery) async throws(BrokerError) {
        try await link.acknowledge(delivery.tag, in: delivery.place)
    }

    public func keepAlive() async throws(BrokerError) { try await link.keepAlive() }
    public func certificateEnd() async -> Double? { await link.certificateEnd() }
    public func close() async { await link.close() }
}
