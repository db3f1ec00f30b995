public import TrunklineCore

/// An ``Outbox`` over a ``RabbitMQLink``: persistent, mandatory messages with publisher confirms.
public struct RabbitMQOutbox: Outbox {
    private let link: RabbitMQLink

    public init(_ link: RabbitMQLink) { self.link = link }

    public func send(_ envelope: Envelope) async throws(BrokerError) -> MessageTag {
        let (exchange, routingKey) = Topology.address(of: envelope)
        return try await link.publish(
            OutboundMessage(
                exchange: exchange, routingKey: routingKey, type: envelope.kind, messageID: envelope.id,
                contentType: envelope.contentType, contentEncoding: envelope.contentEncoding, body: envelope.body))
    }

    public func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation] {
        try await link.confirmations(within: timeout).map { confirm in
            switch confirm {
            case .confirmed(let tag): .confirmed(tag)
            case .nacked(let tag): .refused(tag, RabbitMQOutbox.nacked)
            case .returned(let tag, let reason):
                .untaken(tag, Confirmation.Reason(word: reason, meaning: "the broker has no queue"))
            }
        }
    }

    private static let nacked = Confirmation.Reason(
        word: "nack", meaning: "its queue is full, or the broker has no majority of its nodes")

    public func isDrained(_ stream: StreamID) async throws(BrokerError) -> Bool {
        let depth = try await link.depth(of: Topology.queue(of: stream))
        return depth.ready == 0 && depth.consumers > 0
    }

    public func keepAlive() async throws(BrokerError) { try await link.keepAlive() }
    public func certificateEnd() async -> Double? { await link.certificateEnd() }
    public func close() async { await link.close() }
}
