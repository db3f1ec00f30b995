public import TrunklineCore

/// ``DeadLetters`` in the queue of the dead-letter exchange.
public struct RabbitMQDeadLetters: DeadLetters {
    private let link: RabbitMQLink

    public init(_ link: RabbitMQLink) { self.link = link }

    /// The broker's limit for a short string, in bytes.
    private static let shortString = 255

    /// Publishes a copy with the headers `trunkline-reason`, `trunkline-by` and `trunkline-user` (who sent it: the
    /// broker lets us publish only as ourselves), and waits for the confirm.
    public func bury(_ delivery: Delivery, reason: String, by service: String) async throws {
        let tag = try await link.publish(
            OutboundMessage(
                exchange: Topology.deadExchange, routingKey: RabbitMQDeadLetters.cut(delivery.sender),
                type: delivery.kind.flatMap(Envelope.Kind.init(rawValue:)) ?? .batch,
                messageID: RabbitMQDeadLetters.cut(delivery.id ?? ""),
                contentType: RabbitMQDeadLetters.cut(delivery.contentType ?? ""),
                contentEncoding: delivery.contentEncoding.map(RabbitMQDeadLetters.cut),
                headers: [
                    "trunkline-reason": String(reason.prefix(1_000)), "trunkline-by": service,
                    "trunkline-user": delivery.verifiedSender ?? "",
                ],
                body: delivery.body))
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            for confirm in try await link.confirmations(within: .seconds(1)) {
                switch confirm {
                case .confirmed(tag): return
                case .nacked(tag), .returned(tag, _):
                    throw ServiceFailure(
                        "the broker did not take a message into \(Topology.deadQueue); run \"trunkline init\" at the head if that queue is missing"
                    )
                case .confirmed, .nacked, .returned: continue
                }
            }
        }
        throw ServiceFailure("the broker did not confirm a message for \(Topology.deadQueue)")
    }

    public func close() async { await link.close() }

    /// Bytes that are no UTF-8 are three each when they have been read.
    static func cut(_ text: String) -> String {
        guard text.utf8.count > shortString else { return text }
        var result = ""
        for character in text.unicodeScalars {
            guard result.utf8.count + UTF8.width(character) <= shortString else { break }
            result.unicodeScalars.append(character)
        }
        return result
    }
}
