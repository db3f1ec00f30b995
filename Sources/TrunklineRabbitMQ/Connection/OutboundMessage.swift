public import TrunklineCore

/// A message to publish.
public struct OutboundMessage: Sendable {
    public var exchange: String
    public var routingKey: String
    /// The `type` property is its raw value.
    public var type: Envelope.Kind
    public var messageID: String
    public var contentType: String
    public var contentEncoding: String?
    public var headers: [String: String]
    public var body: [UInt8]

    public init(
        exchange: String, routingKey: String, type: Envelope.Kind, messageID: String, contentType: String,
        contentEncoding: String?, headers: [String: String] = [:], body: [UInt8]
    ) {
        self.exchange = exchange
        self.routingKey = routingKey
        self.type = type
        self.messageID = messageID
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.headers = headers
        self.body = body
    }
}
