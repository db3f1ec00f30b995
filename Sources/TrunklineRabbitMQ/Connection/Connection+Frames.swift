import CRabbitMQ
import TrunklineCore

extension Connection {
    /// Reads frames and files what they bring, until `isDone`, or nothing came within `timeout`.
    ///
    /// Sends our heartbeats and watches for the broker's.
    func pump(within timeout: Duration, until isDone: () -> Bool = { false }) throws(BrokerError) {
        let deadline = ContinuousClock.now + timeout
        while !isDone(), try readFrame(within: deadline - .now) {}
    }

    /// Waits for frames and files what they bring, until `isDone`, or the time is up, or the thread has other work.
    func pump(
        within timeout: Duration, on executor: ThreadExecutor, until isDone: () -> Bool
    ) throws(BrokerError) {
        try pump(within: .zero, until: isDone)
        guard !isDone() else { return }
        // The library sends and misses heartbeats while it reads.
        let rest = min(timeout, .seconds(configuration.heartbeat) / 4)
        executor.wait(for: amqp_get_sockfd(state), within: rest)
        try pump(within: .zero, until: isDone)
    }

    /// Reads what has already arrived, as far as there is room for it, and sends our heartbeats.
    func pumpWhatIsThere() throws(BrokerError) {
        while !isFull, try readFrame(within: .zero) {}
        guard isFull else { return }
        // The library sends them while it reads.
        let now = ContinuousClock.now
        guard now - lastHeartbeat >= .seconds(configuration.heartbeat) / 2 else { return }
        lastHeartbeat = now
        var frame = amqp_frame_t()
        frame.frame_type = UInt8(AMQP_FRAME_HEARTBEAT)
        try check(amqp_send_frame(state, &frame), "send to", configuration.address)
    }

    /// - Returns: false when the time was up.
    private func readFrame(within timeout: Duration) throws(BrokerError) -> Bool {
        var frame = amqp_frame_t()
        var time = timeout.timeValue
        let status = amqp_simple_wait_frame_noblock(state, &frame, &time)
        if status == AMQP_STATUS_TIMEOUT.rawValue { return false }
        try check(status, "read from", configuration.address)
        // The frame's memory belongs to the channel's pool; what is needed of it has been copied by then.
        defer { amqp_maybe_release_buffers_on_channel(state, frame.channel) }
        let channel = Channel(rawValue: frame.channel)
        let link = link(of: channel)
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD: try file(frame.payload.method, on: channel, of: link)
        case AMQP_FRAME_HEADER: try link?.file(frame.payload.properties, on: channel)
        case AMQP_FRAME_BODY: try link?.file(frame.payload.body_fragment, on: channel)
        default: break  // A heartbeat.
        }
        return true
    }

    private func file(_ method: amqp_method_t, on channel: Channel, of link: LinkChannels?) throws(BrokerError) {
        func decoded<T>(_ type: T.Type) -> T { method.decoded.assumingMemoryBound(to: type).pointee }
        switch method.id {
        case AMQP_BASIC_DELIVER_METHOD:
            let deliver = decoded(amqp_basic_deliver_t.self)
            link?.incoming[channel] = IncomingMessage(
                .delivered(
                    .init(
                        tag: deliver.delivery_tag, queue: ConsumerTag.queue(deliver.consumer_tag.text),
                        routingKey: deliver.routing_key.text, redelivered: deliver.redelivered != 0)))
        case AMQP_BASIC_RETURN_METHOD:
            link?.incoming[channel] = IncomingMessage(
                .returned(reason: decoded(amqp_basic_return_t.self).reply_text.text))
        case AMQP_BASIC_ACK_METHOD:
            let ack = decoded(amqp_basic_ack_t.self)
            link?.confirmed { $0.acked(ack.delivery_tag, multiple: ack.multiple != 0) }
        case AMQP_BASIC_NACK_METHOD:
            let nack = decoded(amqp_basic_nack_t.self)
            link?.confirmed { $0.nacked(nack.delivery_tag, multiple: nack.multiple != 0) }
        case AMQP_BASIC_CANCEL_METHOD:
            link?.consumerCancelled(of: ConsumerTag.queue(decoded(amqp_basic_cancel_t.self).consumer_tag.text))
        case AMQP_CHANNEL_CLOSE_METHOD:
            let close = decoded(amqp_channel_close_t.self)
            try channelClosed(channel, of: link, close.reply_code, close.reply_text.text)
        case AMQP_CONNECTION_CLOSE_METHOD:
            let close = decoded(amqp_connection_close_t.self)
            throw connectionClosed(close.reply_code, close.reply_text.text)
        case AMQP_CONNECTION_BLOCKED_METHOD:
            isBlocked = true
        case AMQP_CONNECTION_UNBLOCKED_METHOD:
            isBlocked = false
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            let declared = decoded(amqp_queue_declare_ok_t.self)
            replies.append(
                .declared(QueueDepth(ready: Int(declared.message_count), consumers: Int(declared.consumer_count))))
        case AMQP_CHANNEL_CLOSE_OK_METHOD where closing.contains(channel):
            closed(channel)
        default:
            replies.append(.method(method.id))
        }
    }

    /// The broker waits for close-ok before it lets go of the channel.
    private func channelClosed(
        _ channel: Channel, of link: LinkChannels?, _ code: UInt16, _ text: String
    ) throws(BrokerError) {
        openChannels.remove(channel)
        var answer = amqp_channel_close_ok_t()
        try check(
            amqp_send_method(state, channel.rawValue, AMQP_CHANNEL_CLOSE_OK_METHOD, &answer), "close channel",
            configuration.address)
        // It crossed ours, whose answer still comes.
        guard !closing.contains(channel) else { return }
        guard let link else { return replies.append(.closed(code: code, text: text)) }
        link.failure =
            link.failure
            ?? BrokerError(replyCode: code, text: text, operation: channel.operation, subject: configuration.address)
    }

    private func connectionClosed(_ code: UInt16, _ text: String) -> BrokerError {
        var answer = amqp_connection_close_ok_t()
        _ = amqp_send_method(state, Channel.connection.rawValue, AMQP_CONNECTION_CLOSE_OK_METHOD, &answer)
        return lost(
            BrokerError(
                replyCode: code, text: text, operation: Channel.connection.operation, subject: configuration.address))
    }
}

extension LinkChannels {
    func confirmed(_ settle: (inout ConfirmLedger) -> [PublisherConfirm]) { confirmations += settle(&ledger) }

    func file(
        _ header: amqp_frame_t.__Unnamed_union_payload.__Unnamed_struct_properties, on channel: Channel
    ) throws(BrokerError) {
        let properties = header.decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee
        incoming[channel]?.start(
            properties, bodySize: header.body_size, limit: buffer.isOverfull ? -1 : configuration.maxMessageBytes)
        try fileCompleteMessage(of: channel)
    }

    func file(_ fragment: amqp_bytes_t, on channel: Channel) throws(BrokerError) {
        incoming[channel]?.append(fragment.buffer)
        try fileCompleteMessage(of: channel)
    }

    private func fileCompleteMessage(of channel: Channel) throws(BrokerError) {
        guard let message = incoming[channel], message.isComplete else { return }
        incoming[channel] = nil
        switch message.kind {
        case .returned(let reason):
            ledger.returned(messageID: message.properties.messageID, reason: reason)
        case .delivered(let origin):
            try delivered(message, origin)
        }
    }
}
