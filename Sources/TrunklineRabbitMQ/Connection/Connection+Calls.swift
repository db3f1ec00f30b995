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
        let reply = try calls(method, [arguments], on: channel, operation: operation, subject: subject)[0]
        if case .closed(let code, let text) = reply {
            throw BrokerError(replyCode: code, text: text, operation: operation, subject: subject)
        }
        return reply
    }

    /// Sends synchronous methods one after the other, and waits for the answers, which come in the same order.
    ///
    /// - Returns: an answer each; fewer when the last one is that the broker closed the channel.
    /// - Throws: as ``call(_:_:on:operation:subject:)``; and why the broker closed the channel, where it is a link's.
    func calls<Arguments: BitwiseCopyable>(
        _ method: amqp_method_number_t, _ arguments: [Arguments], on channel: Channel, operation: String,
        subject: String
    ) throws(BrokerError) -> [Reply] {
        let link = link(of: channel)
        replies = []
        for var arguments in arguments {
            let status = withUnsafeMutablePointer(to: &arguments) {
                amqp_send_method(state, channel.rawValue, method, $0)
            }
            try check(status, operation, subject)
        }
        try pump(within: configuration.replyTimeout) {
            if case .closed = replies.last { return true }
            return replies.count >= arguments.count || link?.failure != nil
        }
        try link?.check()
        if case .closed = replies.last { return replies }
        guard replies.count >= arguments.count else {
            throw lost(
                BrokerError(
                    .unreachable, operation: operation, subject: subject,
                    reason: "no answer within \(configuration.replyTimeout)",
                    hint: isBlocked ? Self.blockedHint : nil),
                silent: true)
        }
        return replies
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
