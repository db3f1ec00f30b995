/// What an office sends to another one, whatever carries it.
public struct Envelope: Sendable {
    public enum Kind: String, Sendable {
        case batch, ack
        /// The head asks a branch to verify; the body is the id of the question.
        case verify
        /// A sender stopped its own stream, see ``Halt``.
        case halt
    }

    public var from: OfficeID
    public var to: OfficeID
    public var kind: Kind
    /// For people, and for who compares two copies.
    public var id: String
    /// One of ``ContentType``.
    public var contentType: String
    public var contentEncoding: String?
    public var body: [UInt8]

    public init(
        from: OfficeID, to: OfficeID, kind: Kind, id: String, contentType: String, contentEncoding: String?,
        body: [UInt8]
    ) {
        self.from = from
        self.to = to
        self.kind = kind
        self.id = id
        self.contentType = contentType
        self.contentEncoding = contentEncoding
        self.body = body
    }
}
