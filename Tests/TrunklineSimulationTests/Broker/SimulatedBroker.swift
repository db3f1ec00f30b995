import TrunklineCore

/// The broker's exchanges and queues, in memory. The one stand-in of the simulation: everything else is the product.
///
/// What RabbitMQ and the network between may do, this does, as often as the ``Weather`` says: messages are lost after
/// the confirm, doubled, delayed, delivered in another order; publishes are refused; connections break before or
/// after a call took effect. It keeps the contract of ``BrokerLink`` and no more.
final class SimulatedBroker: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    struct Message {
        var outbound: OutboundMessage
        var user: String
        /// The decision of the world from which on it can be delivered.
        var from: Int
        var isRedelivered = false
    }

    private let bindings: [Topology.Binding]
    private var queues: [String: [Message]]
    private let singleActive: Set<String>
    /// By queue, in the order in which they came.
    private var consumers: [String: [(number: Int, link: SimulatedLink)]] = [:]

    init(_ topology: Topology) {
        bindings = topology.bindings
        singleActive = Set(topology.queues.filter(\.isSingleActiveConsumer).map(\.name))
        queues = Dictionary(uniqueKeysWithValues: topology.queues.map { ($0.name, []) })
    }

    func queues(for message: OutboundMessage) -> [String] {
        bindings.filter {
            $0.exchange == message.exchange && ($0.routingKey == "#" || $0.routingKey == message.routingKey)
        }.map(\.queue)
    }

    func put(_ message: Message, into queue: String) { queues[queue]!.append(message) }

    /// What was delivered and not acknowledged stands in front again.
    func putBack(_ messages: [Message], into queue: String) {
        let again = messages.map { message in
            var message = message
            message.isRedelivered = true
            return message
        }
        queues[queue]!.insert(contentsOf: again, at: 0)
    }

    /// - Parameter position: draws one of so many.
    func take(from queue: String, at decision: Int, position: (Int) -> Int) -> Message? {
        let ready = queues[queue]!.indices.filter { queues[queue]![$0].from <= decision }
        guard !ready.isEmpty else { return nil }
        return queues[queue]!.remove(at: ready[position(ready.count)])
    }

    func setConsumer(_ link: SimulatedLink?, number: Int, of queue: String) {
        consumers[queue]?.removeAll { $0.number == number }
        if let link { consumers[queue, default: []].append((number, link)) }
    }

    func has(_ queue: String) -> Bool { queues[queue] != nil }

    /// Whether this consumer may get messages: of a single active consumer's queue only the first one.
    func serves(_ number: Int, from queue: String) -> Bool {
        !singleActive.contains(queue) || consumers[queue]?.first?.number == number
    }

    func depth(of queue: String, at decision: Int) -> QueueDepth {
        let links = consumers[queue, default: []].filter { serves($0.number, from: queue) }
        let prefetched = links.reduce(0) { $0 + $1.link.room(for: queue) }
        let ready = queues[queue]!.count { $0.from <= decision }
        return QueueDepth(ready: max(0, ready - prefetched), consumers: links.count)
    }

    func hasMessages(in queue: String, at decision: Int) -> Bool {
        queues[queue]!.contains { $0.from <= decision }
    }

    var isEmpty: Bool { queues.values.allSatisfy(\.isEmpty) }
}
