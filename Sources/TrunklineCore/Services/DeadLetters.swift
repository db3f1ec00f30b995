/// Copies messages that cannot be understood to the dead-letter exchange, with the reason; once a copy is confirmed, the
/// original may be acknowledged. After a crash there may be two copies.
struct DeadLetters: Sendable {
    let link: any BrokerLink
    let clock: ServiceClock

    /// The broker's limit for a short string, in bytes.
    private static let shortString = 255

    /// Publishes a copy with the headers `trunkline-reason`, `trunkline-by` and `trunkline-user` (who sent it: the
    /// broker lets us publish only as ourselves), and waits for the confirm.
    func bury(_ delivery: Delivery, reason: String, by service: String) async throws {
        let tag = try await link.publish(
            OutboundMessage(
                exchange: Topology.deadExchange, routingKey: DeadLetters.cut(delivery.routingKey),
                type: delivery.type.flatMap(MessageType.init(rawValue:)) ?? .batch,
                messageID: DeadLetters.cut(delivery.messageID ?? ""),
                contentType: DeadLetters.cut(delivery.contentType ?? ""),
                contentEncoding: delivery.contentEncoding.map(DeadLetters.cut),
                headers: [
                    "trunkline-reason": String(reason.prefix(1_000)), "trunkline-by": service,
                    "trunkline-user": delivery.userID ?? "",
                ],
                body: delivery.body))
        let deadline = clock.now + .seconds(30)
        while clock.now < deadline {
            for confirmation in try await link.confirmations(within: .seconds(1)) {
                switch confirmation {
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
