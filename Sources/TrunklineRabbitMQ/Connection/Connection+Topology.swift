import CRabbitMQ
import TrunklineCore

extension Connection {
    func declare(_ topology: Topology) throws(BrokerError) {
        try openChannel(.topology)
        for exchange in topology.exchanges { try declareExchange(exchange) }
        for queue in topology.queues { try declareQueue(queue) }
        for binding in topology.bindings { try bind(binding) }
        try closeChannel(.topology)
        if !topology.queues.isEmpty { try pump(within: Self.queuesSettle) }
    }

    /// RabbitMQ writes the name of a new quorum queue to disk only when no other one came for half a second
    /// (`auto_save` in `ra_directory.erl`, checked at that interval). A node that is killed before that comes back
    /// with a queue that never elects a leader, and every call on it times out.
    private static let queuesSettle = Duration.milliseconds(1_500)

    func depth(of queue: String) throws(BrokerError) -> QueueDepth {
        try openChannel(.topology)
        var arena = AMQPArena()
        var arguments = amqp_queue_declare_t()
        arguments.queue = arena.bytes(queue)
        arguments.passive = 1
        let reply = try call(
            AMQP_QUEUE_DECLARE_METHOD, arguments, on: .topology, operation: "inspect queue", subject: queue)
        try closeChannel(.topology)
        guard case .declared(let depth) = reply else {
            throw BrokerError(
                .closedByBroker, operation: "inspect queue", subject: queue, reason: "an answer to something else")
        }
        return depth
    }

    private func declareExchange(_ name: String) throws(BrokerError) {
        var arena = AMQPArena()
        var arguments = amqp_exchange_declare_t()
        arguments.exchange = arena.bytes(name)
        arguments.type = arena.bytes("topic")
        arguments.durable = 1
        _ = try call(
            AMQP_EXCHANGE_DECLARE_METHOD, arguments, on: .topology, operation: "declare exchange", subject: name)
    }

    private func declareQueue(_ queue: Topology.Queue) throws(BrokerError) {
        var arena = AMQPArena()
        var arguments = amqp_queue_declare_t()
        arguments.queue = arena.bytes(queue.name)
        arguments.durable = 1
        var values: [String: AMQPValue] = ["x-queue-type": .string("quorum")]
        values["x-dead-letter-exchange"] = queue.deadLetterExchange.map { .string($0) }
        values["x-max-length-bytes"] = queue.byteLimit.map { .integer(Int64($0)) }
        arguments.arguments = arena.table(values)
        _ = try call(
            AMQP_QUEUE_DECLARE_METHOD, arguments, on: .topology, operation: "declare queue", subject: queue.name)
    }

    private func bind(_ binding: Topology.Binding) throws(BrokerError) {
        var arena = AMQPArena()
        var arguments = amqp_queue_bind_t()
        arguments.queue = arena.bytes(binding.queue)
        arguments.exchange = arena.bytes(binding.exchange)
        arguments.routing_key = arena.bytes(binding.routingKey)
        _ = try call(
            AMQP_QUEUE_BIND_METHOD, arguments, on: .topology, operation: "bind queue", subject: binding.queue)
    }
}
