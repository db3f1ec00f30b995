import TrunklineCore

/// Messages that the broker sent ahead, in their order, and how many bytes they are.
///
/// Beyond the limit nothing is read but what a call waits for, so that TCP holds the broker back. Beyond twice the
/// limit, which a call that waits long beside a flood may reach, the consumers are cancelled until half of it is gone.
struct DeliveryBuffer {
    private var deliveries: [AMQPDelivery] = []
    /// Of the first one that was not taken.
    private var start = 0
    private(set) var bytes = 0
    let limit: Int

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { start == deliveries.count }
    var isFull: Bool { bytes > limit }
    var isOverfull: Bool { bytes > limit * 2 }
    var hasRoom: Bool { bytes <= limit / 2 }

    mutating func append(_ delivery: AMQPDelivery) {
        deliveries.append(delivery)
        bytes += delivery.body.count
    }

    mutating func popFirst() -> AMQPDelivery? {
        guard !isEmpty else { return nil }
        let delivery = deliveries[start]
        deliveries[start].body = []
        start += 1
        bytes -= delivery.body.count
        if start > 1_000 || isEmpty {
            deliveries.removeSubrange(..<start)
            start = 0
        }
        return delivery
    }

    /// - Returns: the delivery tags of what came from this queue.
    mutating func remove(from queue: String) -> [UInt64] {
        let rest = deliveries[start...]
        let removed = rest.filter { $0.queue == queue }
        guard !removed.isEmpty else { return [] }
        deliveries = rest.filter { $0.queue != queue }
        start = 0
        bytes -= removed.reduce(0) { $0 + $1.body.count }
        return removed.map(\.tag.number)
    }
}
