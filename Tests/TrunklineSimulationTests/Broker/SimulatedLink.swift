import TrunklineCore

/// A process's connection to the ``SimulatedBroker``: cut, lost and slow as the world's ``Weather`` says.
final class SimulatedLink: BrokerLink, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let life: Life
    private let office: OfficeID
    private let broker: SimulatedBroker
    private let number: Int
    private var world: World { life.world }

    private enum State { case closed, open, lost }
    private var state = State.closed
    private var connection: UInt64 = 0
    private var lastTag: UInt64 = 0
    /// In the order of their names; nil before the first `consume`.
    private var wanted: [String]?
    private var consumed: Set<String> = []
    private var prefetch = 0
    private var unacknowledged: [(tag: UInt64, queue: String, message: SimulatedBroker.Message)] = []
    private var confirmations: [(from: Int, confirmation: Confirmation)] = []

    init(_ life: Life, office: OfficeID) {
        self.life = life
        self.office = office
        broker = life.world.broker
        number = life.world.nextLink()
    }

    /// How many messages the broker may still hand over in advance.
    func room(for queue: String) -> Int { max(0, prefetch - unacknowledged.count { $0.queue == queue }) }

    func publish(_ message: OutboundMessage) async throws(BrokerError) -> MessageTag {
        try await call("publish \(message.type) to \(message.routingKey)") { () throws(BrokerError) in
            let tag = nextTag()
            try accept(message, tag)
            return tag
        }
    }

    func confirmations(within timeout: Duration) async throws(BrokerError) -> [Confirmation] {
        try await call("confirmations") { () throws(BrokerError) in
            let ready = confirmations.filter { $0.from <= world.decision }.map(\.confirmation)
            confirmations.removeAll { $0.from <= world.decision }
            if ready.isEmpty, timeout > .zero { world.clock.advance(by: max(timeout, .seconds(1))) }
            return ready
        }
    }

    func consume(_ queues: Set<String>, prefetch: Int) async throws(BrokerError) -> [String: BrokerError] {
        try await call("consume") { () throws(BrokerError) in
            wanted = queues.sorted()
            self.prefetch = prefetch
            subscribe()
            return Dictionary(
                uniqueKeysWithValues: queues.subtracting(consumed).map { ($0, failure("consume", "no queue \($0)")) })
        }
    }

    private func subscribe() {
        guard let wanted else { return }
        for queue in consumed.subtracting(wanted).sorted() {
            broker.setConsumer(nil, number: number, of: queue)
            consumed.remove(queue)
        }
        for queue in wanted where !consumed.contains(queue) && broker.has(queue) {
            broker.setConsumer(self, number: number, of: queue)
            consumed.insert(queue)
        }
    }

    func receive(within timeout: Duration) async throws(BrokerError) -> Delivery? {
        try await call("receive") { () throws(BrokerError) in
            guard wanted != nil else { throw failure("receive", "nothing is consumed") }
            subscribe()
            guard let (queue, message) = nextMessage() else {
                world.clock.advance(by: max(timeout, .seconds(1)))
                return nil
            }
            let tag = nextTag()
            unacknowledged.append((tag.number, queue, message))
            let sent = message.outbound
            return Delivery(
                tag: tag, queue: queue, routingKey: sent.routingKey, type: sent.type.rawValue,
                messageID: sent.messageID,
                contentType: sent.contentType, contentEncoding: sent.contentEncoding, userID: message.user,
                redelivered: message.isRedelivered, body: sent.body)
        }
    }

    /// From any of the queues that has one.
    private func nextMessage() -> (queue: String, message: SimulatedBroker.Message)? {
        let ready = consumed.sorted().filter {
            room(for: $0) > 0 && broker.serves(number, from: $0) && broker.hasMessages(in: $0, at: world.decision)
        }
        guard !ready.isEmpty else { return nil }
        let queue = ready.count == 1 ? ready[0] : ready[world.draw(0..<ready.count)]
        let message = broker.take(
            from: queue, at: world.decision,
            position: { world.chance(world.weather.reorder) ? world.draw(0..<$0) : 0 })
        return message.map { (queue, $0) }
    }

    func acknowledge(_ delivery: Delivery) async throws(BrokerError) {
        try await call("acknowledge") { () throws(BrokerError) in
            guard delivery.tag.connection == connection else { return }
            unacknowledged.removeAll { $0.tag == delivery.tag.number }
        }
    }

    func declare(_ topology: Topology) async throws(BrokerError) {
        preconditionFailure("no service declares anything")
    }

    func depth(of queue: String) async throws(BrokerError) -> QueueDepth {
        try await call("depth") { () throws(BrokerError) in broker.depth(of: queue, at: world.decision) }
    }

    func keepAlive() async throws(BrokerError) { try await call("keepAlive") { () throws(BrokerError) in } }

    func certificateEnd() async -> Double? { nil }

    func close() async {
        guard !life.isDead else { return }
        lose()
        state = .closed
    }

    /// The process has died.
    func vanish() {
        lose()
        state = .closed
    }

    /// The connection is lost; the process finds out at its next call.
    func lose() {
        guard state == .open else { return }
        state = .lost
        for queue in consumed.sorted() { broker.setConsumer(nil, number: number, of: queue) }
        for queue in Set(unacknowledged.map(\.queue)).sorted() {
            broker.putBack(unacknowledged.filter { $0.queue == queue }.map(\.message), into: queue)
        }
        consumed = []
        unacknowledged = []
        confirmations = []
    }

    private func accept(_ message: OutboundMessage, _ tag: MessageTag) throws(BrokerError) {
        let queues = broker.queues(for: message)
        guard !queues.isEmpty else {
            confirmations.append((world.decision, .returned(tag, reason: "NO_ROUTE")))
            return
        }
        if world.chance(world.weather.nack) {
            confirmations.append((world.decision, .nacked(tag)))
            return
        }
        // A batch or an ack that is lost comes again; a halt is told once.
        let isLost = world.chance(world.weather.drop) && message.type != .halt
        let copies = isLost ? 0 : world.chance(world.weather.double) ? 2 : 1
        if copies != 1 { world.log.note("  the broker keeps \(copies) of it") }
        for queue in queues {
            for _ in 0..<copies {
                var from = world.decision + (world.chance(world.weather.delay) ? world.draw(1..<60) : 0)
                if message.type == .ack, world.chance(world.weather.lag) { from += world.draw(world.plan.lag) }
                broker.put(
                    SimulatedBroker.Message(outbound: message, user: office.description, from: from), into: queue)
            }
        }
        let from = world.decision + (world.chance(world.weather.delay) ? world.draw(1..<20) : 0)
        confirmations.append((from, .confirmed(tag)))
    }

    private func nextTag() -> MessageTag {
        lastTag += 1
        return MessageTag(connection: connection, number: lastTag)
    }

    /// One call at a time, which the process's death or a break of the connection may keep from its effect, or from
    /// its answer.
    private func call<Value>(
        _ what: String, _ effect: () throws(BrokerError) -> Value
    ) async throws(BrokerError) -> Value {
        await life.turnstile.enter()
        defer { life.turnstile.leave() }
        await life.beat(what)
        try connect(what)
        if world.chance(world.weather.disconnect) { try breakOff(what) }
        let value = try effect()
        if world.chance(world.weather.disconnect) { try breakOff(what) }
        return value
    }

    private func connect(_ what: String) throws(BrokerError) {
        guard !life.isDead else { throw failure(what, "the process is dead") }
        if world.isCut(office) {
            lose()
            state = .closed
            throw failure(what, "the link is cut")
        }
        switch state {
        case .open: return
        case .lost:
            state = .closed
            throw failure(what, "the connection was lost")
        case .closed:
            state = .open
            connection += 1
        }
    }

    private func breakOff(_ what: String) throws(BrokerError) {
        world.log.note("  the connection of \(life.name) breaks")
        lose()
        state = .closed
        throw failure(what, "the connection broke")
    }

    private func failure(_ what: String, _ reason: String) -> BrokerError {
        BrokerError(.unreachable, operation: what, subject: "simulated broker", reason: reason)
    }
}
