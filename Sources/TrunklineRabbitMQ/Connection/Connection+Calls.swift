import CRabbitMQ
import TrunklineCore

extension Connection {
    /// Sends a synchronous method and waits for the answer; what else arrives meanwhile is kept.
    ///
    /// - Throws: a transient error, with the connection gone, when no answer came in time.
    func call<Arguments: BitwiseCopyable>(
        _ method: amqp_method_number_t, _ arguments: Arguments, on channel: Channel, operation: String,
        subject: String
    ) throws(BrokerError) -> Reply {
        var arguments = arguments
        reply = nil
        let status = withUnsafeMutablePointer(to: &arguments) {
            amqp_send_method(state, channel.rawValue, method, $0)
        }
        try check(status, operation, subject)
        try pump(within: configuration.replyTimeout) { reply != nil }
        switch reply {
        case .closed(let code, let text):
            throw BrokerError(replyCode: code, text: text, operation: operation, subject: subject)
        case .declared, .method:
            return reply!
        case nil:
            isOpen = false
            throw BrokerError(
                .unreachable, operation: operation, subject: subject,
                reason: "no answer within \(configuration.replyTimeout)",
                hint: isBlocked ? Self.blockedHint : nil)
        }
    }

    static let blockedHint = "the broker is low on memory or disk and reads nothing until it has more"

    func openChannel(_ channel: Channel) throws(BrokerError) {
        guard !openChannels.contains(channel) else { return }
        _ = try call(
            AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t(), on: channel, operation: "open channel",
            subject: configuration.address)
        openChannels.insert(channel)
    }

    func closeChannel(_ channel: Channel) throws(BrokerError) {
        guard openChannels.remove(channel) != nil else { return }
        var arguments = amqp_channel_close_t()
        arguments.reply_code = UInt16(AMQP_REPLY_SUCCESS)
        _ = try call(
            AMQP_CHANNEL_CLOSE_METHOD, arguments, on: channel, operation: "close channel",
            subject: configuration.address)
    }
}
