import CRabbitMQ
import Foundation
import TrunklineCore

extension LinkChannels {
    /// Reads what has arrived first, so that a broker that blocks or closed is noticed before the body is sent.
    func publish(_ message: OutboundMessage) throws(BrokerError) -> MessageTag {
        guard message.body.count <= configuration.maxMessageBytes else {
            var error = BrokerError(
                .tooLarge, operation: "publish", subject: message.messageID,
                reason: "\(message.body.count) bytes are over the limit of \(configuration.maxMessageBytes)",
                hint: "lower the batch size, or raise the limit here and at the receivers")
            error.limit = configuration.maxMessageBytes
            throw error
        }
        try pumpWhatIsThere()
        try startPublishing()
        guard !connection.isBlocked else {
            throw BrokerError(
                .unreachable, operation: "publish", subject: configuration.address,
                reason: "the broker takes no messages now", hint: Connection.blockedHint)
        }
        try send(message)
        return ledger.published(messageID: message.messageID)
    }

    /// Reads what has already arrived, as far as there is room for it, and sends our heartbeats.
    func pumpWhatIsThere() throws(BrokerError) {
        try connection.pumpWhatIsThere()
        try check()
    }

    /// The confirmations that arrived.
    func takeConfirmations() throws(BrokerError) -> [PublisherConfirm] {
        try pumpWhatIsThere()
        defer { confirmations = [] }
        return confirmations
    }

    private func startPublishing() throws(BrokerError) {
        guard !connection.openChannels.contains(publishing) else { return }
        try connection.openChannel(publishing)
        _ = try connection.call(
            AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t(), on: publishing, operation: "select confirms",
            subject: configuration.address)
    }

    private func send(_ message: OutboundMessage) throws(BrokerError) {
        var arena = AMQPArena()
        var properties = properties(of: message, in: &arena)
        let status = message.body.withUnsafeBytes { body in
            amqp_basic_publish(
                connection.state, publishing.rawValue, arena.bytes(message.exchange),
                arena.bytes(message.routingKey), 1, 0, &properties,
                // The library's type has no const; it only reads the body.
                amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress)))
        }
        try connection.check(status, "publish", message.exchange)
    }

    private func properties(
        of message: OutboundMessage, in arena: inout AMQPArena
    ) -> amqp_basic_properties_t {
        var properties = amqp_basic_properties_t()
        func set(_ flag: Int32) { properties._flags |= amqp_flags_t(flag) }
        set(AMQP_BASIC_DELIVERY_MODE_FLAG)
        properties.delivery_mode = UInt8(AMQP_DELIVERY_PERSISTENT.rawValue)
        set(AMQP_BASIC_TYPE_FLAG)
        properties.type = arena.bytes(message.type.rawValue)
        set(AMQP_BASIC_MESSAGE_ID_FLAG)
        properties.message_id = arena.bytes(message.messageID)
        set(AMQP_BASIC_CONTENT_TYPE_FLAG)
        properties.content_type = arena.bytes(message.contentType)
        if let encoding = message.contentEncoding {
            set(AMQP_BASIC_CONTENT_ENCODING_FLAG)
            properties.content_encoding = arena.bytes(encoding)
        }
        set(AMQP_BASIC_USER_ID_FLAG)
        properties.user_id = arena.bytes(configuration.user)
        set(AMQP_BASIC_APP_ID_FLAG)
        properties.app_id = arena.bytes("trunkline")
        set(AMQP_BASIC_TIMESTAMP_FLAG)
        properties.timestamp = UInt64(time(nil))
        if !message.headers.isEmpty {
            set(AMQP_BASIC_HEADERS_FLAG)
            properties.headers = arena.table(message.headers.mapValues { .string($0) })
        }
        return properties
    }
}
