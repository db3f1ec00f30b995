public import TrunklineCore

/// A message that arrived (basic.deliver).
public struct AMQPDelivery: Sendable {
    /// Its number is the delivery tag.
    public let tag: MessageTag
    /// Where it was.
    public let queue: String
    public let routingKey: String
    /// The `type` property as it came; nil when absent.
    public let type: String?
    public let messageID: String?
    public let contentType: String?
    public let contentEncoding: String?
    /// The publishing user, validated by the broker; nil when absent.
    public let userID: String?
    public let redelivered: Bool
    public internal(set) var body: [UInt8]
}
