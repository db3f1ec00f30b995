/// Moves messages that cannot be understood out of the way, to the dead-letter exchange, with the reason.
struct DeadLetters: Sendable {
    let link: any BrokerLink
    let clock: ServiceClock

    /// Publishes a copy with the headers `trunkline-reason`, `trunkline-by` and `trunkline-user` (who sent it: the
    /// broker lets us publish only as ourselves), waits for the confirm, and only then acknowledges the original. May leave two copies after a crash.
    func bury(_ delivery: Delivery, reason: String, by service: String) async throws {
        let tag = try await link.publish(
            OutboundMessage(
                exchange: Topology.deadExchange, routingKey: delivery.routingKey,
                type: delivery.type.flatMap(MessageType.init(rawValue:)) ?? .batch,
                messageID: delivery.messageID ?? "", contentType: delivery.contentType ?? "",
                contentEncoding: delivery.contentEncoding,
                headers: [
                    "trunkline-reason": String(reason.prefix(1_000)), "trunkline-by": service,
                    "trunkline-user": delivery.userID ?? "",
                ],
                body: delivery.body))
        let deadline = clock.now + .seconds(30)
        while clock.now < deadline {
            for confirmation in try await link.confirmations(within: .seconds(1)) {
                switch confirmation {
                case .confirmed(tag):
                    try await link.acknowledge(delivery)
                    return
                case .nacked(tag), .returned(tag, _):
                    throw ServiceFailure(
                        "the broker did not take a message into \(Topology.deadQueue); run \"trunkline init\" at the head if that queue is missing"
                    )
                case .confirmed, .nacked, .returned:
                    continue
                }
            }
        }
        throw ServiceFailure("the broker did not confirm a message for \(Topology.deadQueue)")
    }
}
