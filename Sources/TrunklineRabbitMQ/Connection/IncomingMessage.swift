import CRabbitMQ
import TrunklineCore

/// A message of which the broker sent the method, and not yet the whole body.
///
/// AMQP sends a message as one method frame, one header frame and as many body frames as it takes; frames of
/// other channels may come in between, so each channel has at most one of these.
struct IncomingMessage {
    enum Kind {
        case delivered(Origin)
        case returned(reason: String)
    }

    struct Origin {
        var tag: UInt64
        var queue: String
        var routingKey: String
        var redelivered: Bool
    }

    struct Properties {
        var type: String?
        var messageID: String?
        var contentType: String?
        var contentEncoding: String?
        var userID: String?
    }

    let kind: Kind
    private(set) var properties = Properties()
    private(set) var body: [UInt8] = []
    private(set) var bodySize: UInt64 = 0
    private var missing: UInt64 = 0
    /// Whether the body is in memory.
    private(set) var isKept = false

    init(_ kind: Kind) { self.kind = kind }

    var isComplete: Bool { missing == 0 }

    /// The header frame came.
    /// - Parameter limit: a longer body is counted and not kept, in bytes; negative: none is kept.
    mutating func start(_ header: amqp_basic_properties_t, bodySize: UInt64, limit: Int) {
        properties = Properties(
            type: header.text(AMQP_BASIC_TYPE_FLAG, \.type),
            messageID: header.text(AMQP_BASIC_MESSAGE_ID_FLAG, \.message_id),
            contentType: header.text(AMQP_BASIC_CONTENT_TYPE_FLAG, \.content_type),
            contentEncoding: header.text(AMQP_BASIC_CONTENT_ENCODING_FLAG, \.content_encoding),
            userID: header.text(AMQP_BASIC_USER_ID_FLAG, \.user_id))
        self.bodySize = bodySize
        missing = bodySize
        if case .delivered = kind, limit >= 0, bodySize <= limit {
            isKept = true
            body.reserveCapacity(Int(bodySize))
        }
    }

    /// A body frame came.
    mutating func append(_ fragment: UnsafeRawBufferPointer) {
        missing -= min(missing, UInt64(fragment.count))
        if isKept { body.append(contentsOf: fragment) }
    }
}
