import CRabbitMQ
import TrunklineCore

extension LinkChannels {
    /// So many questions are on their way at a time: a slow link costs a round trip for each such piece.
    private static let pipelined = 32

    /// Consumes those of the queues that exist, as long as the buffer has room for what they bring.
    ///
    /// A queue that cannot be consumed is in ``refused`` afterwards. That it is missing costs nothing but that; any other
    /// reason costs the connection, as AMQP closes the channel with all its consumers.
    func subscribe(to queues: [String], prefetch: Int) throws(BrokerError) {
        guard !queues.isEmpty else { return }
        try connection.openChannel(consuming)
        var qos = amqp_basic_qos_t()
        qos.prefetch_count = UInt16(prefetch)
        _ = try connection.call(
            AMQP_BASIC_QOS_METHOD, qos, on: consuming, operation: "consume", subject: configuration.address)
        var rest = queues[...]
        while !rest.isEmpty, !isPaused, !buffer.isFull {
            let piece = try existing(Array(rest.prefix(Self.pipelined)))
            rest = rest.dropFirst(Self.pipelined)
            try consume(piece)
        }
        isPaused = isPaused || !rest.isEmpty
        try connection.closeChannel(.topology)
    }

    /// Those of the queues that exist. A consumer of a missing one would close the channel of all consumers, a look
    /// closes only its own.
    private func existing(_ queues: [String]) throws(BrokerError) -> [String] {
        var found: [String] = []
        var rest = queues[...]
        while !rest.isEmpty {
            try connection.openChannel(.topology)
            var arena = AMQPArena()
            var looks: [amqp_queue_declare_t] = []
            for queue in rest {
                var look = amqp_queue_declare_t()
                look.queue = arena.bytes(queue)
                look.passive = 1
                looks.append(look)
            }
            let replies = try attributed(rest) { () throws(BrokerError) in
                try connection.calls(
                    AMQP_QUEUE_DECLARE_METHOD, looks, on: .topology, operation: "inspect queue",
                    subject: configuration.address)
            }
            for reply in replies {
                let queue = rest.removeFirst()
                if case .closed(let code, let text) = reply {
                    refused[queue] = BrokerError(
                        replyCode: code, text: text, operation: consuming.operation, subject: queue)
                } else {
                    found.append(queue)
                }
            }
        }
        return found
    }

    private func consume(_ queues: [String]) throws(BrokerError) {
        var arena = AMQPArena()
        var requests: [amqp_basic_consume_t] = []
        for queue in queues {
            // Before the answers: a pause in between cancels these too.
            let tag = nextConsumerTag(of: queue)
            consumers[queue] = tag
            var request = amqp_basic_consume_t()
            request.queue = arena.bytes(queue)
            request.consumer_tag = arena.bytes(tag)
            requests.append(request)
        }
        _ = try attributed(queues[...]) { () throws(BrokerError) in
            try connection.calls(
                AMQP_BASIC_CONSUME_METHOD, requests, on: consuming,
                operation: consuming.operation, subject: configuration.address)
        }
    }

    /// Lays a failure at the door of the queue whose answer was awaited, unless it is the connection's own: the broker
    /// closed the channel, or did not answer.
    private func attributed(
        _ queues: ArraySlice<String>, _ calls: () throws(BrokerError) -> [Reply]
    ) throws(BrokerError) -> [Reply] {
        do throws(BrokerError) {
            return try calls()
        } catch {
            guard failure != nil || connection.isSilent,
                let queue = queues.dropFirst(connection.replies.count).first
            else { throw error }
            var error = error
            error.subject = queue
            refused[queue] = error
            throw error
        }
    }

    /// What came from the queue and was not received goes back to it.
    func cancel(_ queues: [String]) throws(BrokerError) {
        for queue in queues {
            try cancelConsumer(of: queue)
            for number in buffer.remove(from: queue) { try giveBack(number, to: queue) }
        }
    }

    /// Consumes nothing until the buffer has room again. What is in it stays.
    func pause() throws(BrokerError) {
        isPaused = true
        for queue in consumed { try cancelConsumer(of: queue) }
    }

    /// Without an answer, so that it may be sent while another one is awaited.
    private func cancelConsumer(of queue: String) throws(BrokerError) {
        guard let tag = consumers.removeValue(forKey: queue) else { return }
        var arena = AMQPArena()
        var arguments = amqp_basic_cancel_t()
        arguments.consumer_tag = arena.bytes(tag)
        arguments.nowait = 1
        let status = withUnsafeMutablePointer(to: &arguments) {
            amqp_send_method(connection.state, consuming.rawValue, AMQP_BASIC_CANCEL_METHOD, $0)
        }
        try connection.check(status, consuming.operation, queue)
    }

    /// Whether there is a delivery, or something else to tell who waits for one.
    var hasNews: Bool { !buffer.isEmpty || !refusals.isEmpty || !refused.isEmpty }

    func takeDelivery() throws(BrokerError) -> AMQPDelivery? {
        if !refusals.isEmpty { throw refusals.removeFirst() }
        return buffer.popFirst()
    }

    func acknowledge(_ tag: MessageTag, in queue: String) throws(BrokerError) {
        try connection.check(
            amqp_basic_ack(connection.state, consuming.rawValue, tag.number, 0), "acknowledge", queue)
    }

    private func giveBack(_ number: UInt64, to queue: String) throws(BrokerError) {
        try connection.check(amqp_basic_nack(connection.state, consuming.rawValue, number, 0, 1), "give back", queue)
    }

    /// Files a delivery. One that is over the limit is rejected instead, which sends it to the queue's dead-letter
    /// exchange: its body was never in memory. One for which there is no room goes back: its consumer is cancelled.
    func delivered(_ message: IncomingMessage, _ origin: IncomingMessage.Origin) throws(BrokerError) {
        guard message.bodySize <= configuration.maxMessageBytes else {
            try connection.check(
                amqp_basic_reject(connection.state, consuming.rawValue, origin.tag, 0), "reject", origin.queue)
            refusals.append(
                BrokerError(
                    .tooLarge, operation: "receive", subject: origin.queue,
                    reason: "a message of \(message.bodySize) bytes is over the limit of "
                        + "\(configuration.maxMessageBytes) and went to the dead-letter exchange",
                    hint: "lower the sender's batch size, or raise the limit here"))
            return
        }
        guard message.isKept else { return try giveBack(origin.tag, to: origin.queue) }
        buffer.append(
            AMQPDelivery(
                tag: MessageTag(connection: number, number: origin.tag), queue: origin.queue,
                routingKey: origin.routingKey, type: message.properties.type, messageID: message.properties.messageID,
                contentType: message.properties.contentType, contentEncoding: message.properties.contentEncoding,
                userID: message.properties.userID, redelivered: origin.redelivered, body: message.body))
        if buffer.isOverfull, !consumers.isEmpty { try pause() }
    }

    /// The broker cancelled a consumer: its queue was deleted, or its leader moved to another node.
    func consumerCancelled(of queue: String) {
        consumers[queue] = nil
        refused[queue] = BrokerError(
            .closedByBroker, operation: consuming.operation, subject: queue,
            reason: "the broker cancelled the consumer: the queue was deleted or moved")
    }
}
