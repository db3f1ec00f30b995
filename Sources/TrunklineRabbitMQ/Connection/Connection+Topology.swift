import CRabbitMQ
import TrunklineCore

extension Connection {
    func declare(_ topology: Topology) throws(BrokerError) {
        try openChannel(.topology)
        for exchange in topology.exchanges { try declareExchange(exchange) }
        for queue in topology.queues { try declareQueue(queue) }
        for binding in topology.bindings { try bind(binding) }
        for binding in topology.retiredBindings { try unbind(binding) }
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
        do throws(BrokerError) {
            try declareOnce(queue)
        } catch {
            guard queue.isReplaceable, error.code == .topology, isOpen else { throw error }
            try openChannel(.topology)
            try deleteQueue(queue.name)
            try declareOnce(queue)
        }
    }

    private func declareOnce(_ queue: Topology.Queue) throws(BrokerError) {
        var arena = AMQPArena()
        var arguments = amqp_queue_declare_t()
        arguments.queue = arena.bytes(queue.name)
        arguments.durable = 1
        var values: [String: AMQPValue] = ["x-queue-type": .string("quorum")]
        values["x-dead-letter-exchange"] = queue.deadLetterExchange.map { .string($0) }
        if let limit = queue.byteLimit {
            values["x-max-length-bytes"] = .integer(Int64(limit))
            // Left out where it is the default: version 0.1 declared it so, and arguments must be the same.
            if queue.overflow != .dropHead { values["x-overflow"] = .string(queue.overflow.rawValue) }
        }
        if let limit = queue.messageLimit { values["x-max-length"] = .integer(Int64(limit)) }
        if let limit = queue.deliveryLimit { values["x-delivery-limit"] = .integer(Int64(limit)) }
        if queue.isSingleActiveConsumer { values["x-single-active-consumer"] = .bool(true) }
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
    /// Undoing what is not there is no error.
    private func unbind(_ binding: Topology.Binding) throws(BrokerError) {
        var arena = AMQPArena()
        var arguments = amqp_queue_unbind_t()
        arguments.queue = arena.bytes(binding.queue)
        arguments.exchange = arena.bytes(binding.exchange)
        arguments.routing_key = arena.bytes(binding.routingKey)
        _ = try call(
            AMQP_QUEUE_UNBIND_METHOD, arguments, on: .topology, operation: "unbind queue", subject: binding.queue)
    }

    private func deleteQueue(_ name: String) throws(BrokerError) {
        var arena = AMQPArena()
        var arguments = amqp_queue_delete_t()
        arguments.queue = arena.bytes(name)
        _ = try call(AMQP_QUEUE_DELETE_METHOD, arguments, on: .topology, operation: "delete queue", subject: name)
    }
}
