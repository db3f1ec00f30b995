/// An envelope that arrived: what it says of itself, which its sender may have made up, and what the transport knows.
public struct Delivery: Sendable {
    public var tag: MessageTag
    /// Whom it says it is from; as it came, so perhaps no office.
    public var sender: String
    /// How it says so, for messages to people, as in `routing key "east"`.
    public var senderClaim: String
    /// As it came, see ``Envelope/Kind``; nil when absent.
    public var kind: String?
    public var id: String?
    public var contentType: String?
    public var contentEncoding: String?
    /// Who sent it, as the transport has verified it, by the name that ``Branch/brokerUser`` has; nil: it has not.
    public var verifiedSender: String?
    /// Where it was, for messages to people.
    public var place: String
    /// Whether it was where only the envelopes of somebody other than ``sender`` belong: a copy that somebody had put there.
    public var isMisplaced: Bool
    public var body: [UInt8]

    public init(
        tag: MessageTag, sender: String, senderClaim: String, kind: String?, id: String?, contentType: String?,
        contentEncoding: String?, verifiedSender: String?, place: String, isMisplaced: Bool, body: [UInt8]
    ) {
        self.tag = tag
        self.sender = sender
        self.senderClaim = senderClaim
        self.kind = kind
        self.id = id
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.verifiedSender = verifiedSender
        self.place = place
        self.isMisplaced = isMisplaced
        self.body = body
    }
}
