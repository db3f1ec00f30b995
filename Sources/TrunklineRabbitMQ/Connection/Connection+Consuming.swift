import CRabbitMQ
import TrunklineCore

extension Connection {
    func consume(_ wanted: Consumer) throws(BrokerError) {
        guard consumer != wanted else { return }
        if let consumer {
            throw BrokerError(
                .configuration, operation: "consume", subject: wanted.queue,
                reason: "this connection already consumes \(consumer.queue)", hint: "use a link for each queue")
        }
        guard let prefetch = UInt16(exactly: wanted.prefetch), prefetch > 0 else {
            throw BrokerError(
                .configuration, operation: "consume", subject: wanted.queue,
                reason: "the prefetch is not from 1 to 65535")
        }
        consumer = wanted
        try openChannel(.consuming)
        var qos = amqp_basic_qos_t()
        qos.prefetch_count = prefetch
        _ = try call(AMQP_BASIC_QOS_METHOD, qos, on: .consuming, operation: "consume", subject: wanted.queue)
        var arena = AMQPArena()
        var arguments = amqp_basic_consume_t()
        arguments.queue = arena.bytes(wanted.queue)
        _ = try call(
            AMQP_BASIC_CONSUME_METHOD, arguments, on: .consuming, operation: "consume", subject: wanted.queue)
    }

    func receive(within timeout: Duration) throws(BrokerError) -> Delivery? {
        try pump(within: timeout) { !deliveries.isEmpty || !refusals.isEmpty }
        if !refusals.isEmpty { throw refusals.removeFirst() }
        return deliveries.isEmpty ? nil : deliveries.removeFirst()
    }

    func acknowledge(_ number: UInt64) throws(BrokerError) {
        try check(
            amqp_basic_ack(state, Channel.consuming.rawValue, number, 0), "acknowledge",
            consumer?.queue ?? configuration.address)
    }

    /// Files a delivery. One that is over the limit is rejected instead, which sends it to the queue's dead-letter
    /// exchange: its body was never in memory.
    func delivered(
        _ message: IncomingMessage, tag: UInt64, routingKey: String, redelivered: Bool
    ) throws(BrokerError) {
        let queue = consumer?.queue ?? configuration.address
        guard message.bodySize <= configuration.maxMessageBytes else {
            try check(amqp_basic_reject(state, Channel.consuming.rawValue, tag, 0), "reject", queue)
            refusals.append(
                BrokerError(
                    .tooLarge, operation: "receive", subject: queue,
                    reason: "a message of \(message.bodySize) bytes is over the limit of "
                        + "\(configuration.maxMessageBytes) and went to the dead-letter exchange",
                    hint: "raise the limit, or lower the batch size of its sender"))
            return
        }
        deliveries.append(
            Delivery(
                tag: MessageTag(connection: number, number: tag), routingKey: routingKey,
                type: message.properties.type, messageID: message.properties.messageID,
                contentType: message.properties.contentType,
                contentEncoding: message.properties.contentEncoding, userID: message.properties.userID,
                redelivered: redelivered, body: message.body))
    }
}
