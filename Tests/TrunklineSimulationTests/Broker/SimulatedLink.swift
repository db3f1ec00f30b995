import TrunklineCore

/// A process's connection to the ``SimulatedBroker``: cut, lost and slow as the world's ``Weather`` says.
final class SimulatedLink: Outbox, Inbox, DeadLetters, @unchecked Sendable {
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
    /// In the order of their names; nil before the first `want`.
    private var wanted: [SimulatedBroker.Box]?
    private var read: Set<SimulatedBroker.Box> = []
    private var unacknowledged: [(tag: UInt64, box: SimulatedBroker.Box, message: SimulatedBroker.Message)] = []
    private var confirmations: [(from: Int, confirmation: Confirmation)] = []

    init(_ life: Life, office: OfficeID) {
        self.life = life
        self.office = office
        broker = life.world.broker
        number = life.world.nextLink()
    }

    /// How many messages the broker may still hand over in advance.
    func room(for box: SimulatedBroker.Box) -> Int {
        let most =
            switch box {
            case .batches: 4
            case .acks: 32
            }
        return max(0, most - unacknowledged.count { $0.box == box })
    }

    func send(_ envelope: Envelope) async throws(BrokerError) -> MessageTag {
        try await call("send \(envelope.kind) from \(envelope.from) to \(envelope.to)") { () throws(BrokerError) in
            let tag = nextTag()
            accept(envelope, tag)
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

    func want(
        _ kinds: Set<Envelope.Kind>, from senders: Set<OfficeID>
    ) async throws(BrokerError) -> [String: BrokerError] {
        try await call("want") { () throws(BrokerError) in
            var boxes: Set<SimulatedBroker.Box> = []
            if !kinds.isDisjoint(with: [.batch, .halt]) {
                boxes.formUnion(senders.map { .batches(of: StreamID(from: $0, to: office)) })
            }
            if !kinds.isDisjoint(with: [.ack, .verify]) { boxes.insert(.acks(to: office)) }
            wanted = boxes.sorted()
            subscribe()
            return Dictionary(
                uniqueKeysWithValues: boxes.subtracting(read).map { ("\($0)", failure("want", "no \($0)")) })
        }
    }

    private func subscribe() {
        guard let wanted else { return }
        for box in read.subtracting(wanted).sorted() {
            broker.setReader(nil, number: number, of: box)
            read.remove(box)
        }
        for box in wanted where !read.contains(box) && broker.has(box) {
            broker.setReader(self, number: number, of: box)
            read.insert(box)
        }
    }

    func receive(within timeout: Duration) async throws(BrokerError) -> Delivery? {
        try await call("receive") { () throws(BrokerError) in
            guard wanted != nil else { throw failure("receive", "nothing is wanted") }
            subscribe()
            guard let (box, message) = nextMessage() else {
                world.clock.advance(by: max(timeout, .seconds(1)))
                return nil
            }
            let tag = nextTag()
            unacknowledged.append((tag.number, box, message))
            let sent = message.envelope
            return Delivery(
                tag: tag, sender: sent.from.description, senderClaim: "sender \(sent.from)", kind: sent.kind.rawValue,
                id: sent.id, contentType: sent.contentType, contentEncoding: sent.contentEncoding,
                verifiedSender: world.mutation.verifiedUser(sent, message.user), place: "\(box)", isMisplaced: false,
                body: sent.body)
        }
    }

    /// From any of the boxes that has one.
    private func nextMessage() -> (box: SimulatedBroker.Box, message: SimulatedBroker.Message)? {
        let ready = read.sorted().filter {
            room(for: $0) > 0 && broker.serves(number, from: $0) && broker.hasMessages(in: $0, at: world.decision)
        }
        guard !ready.isEmpty else { return nil }
        let box = ready.count == 1 ? ready[0] : ready[world.draw(0..<ready.count)]
        let message = broker.take(
            from: box, at: world.decision,
            position: { world.chance(world.weather.reorder) ? world.draw(0..<$0) : 0 })
        return message.map { (box, $0) }
    }

    func acknowledge(_ delivery: Delivery) async throws(BrokerError) {
        try await call("acknowledge") { () throws(BrokerError) in
            guard delivery.tag.connection == connection else { return }
            unacknowledged.removeAll { $0.tag == delivery.tag.number }
        }
    }

    func bury(_ delivery: Delivery, reason: String, by service: String) async throws {
        try await call("bury") { () throws(BrokerError) in broker.bury(delivery) }
    }

    func isDrained(_ stream: StreamID) async throws(BrokerError) -> Bool {
        try await call("isDrained") { () throws(BrokerError) in
            broker.isDrained(.batches(of: stream), at: world.decision)
        }
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
        for box in read.sorted() { broker.setReader(nil, number: number, of: box) }
        for box in Set(unacknowledged.map(\.box)).sorted() {
            broker.putBack(unacknowledged.filter { $0.box == box }.map(\.message), into: box)
        }
        read = []
        unacknowledged = []
        confirmations = []
    }

    private func accept(_ envelope: Envelope, _ tag: MessageTag) {
        let box = SimulatedBroker.Box(for: envelope)
        let reason = Confirmation.Reason(word: "simulated", meaning: "the simulated broker does not take it")
        guard broker.has(box) else {
            confirmations.append((world.decision, .untaken(tag, reason)))
            return
        }
        if world.chance(world.weather.nack) {
            confirmations.append((world.decision, .refused(tag, reason)))
            return
        }
        // A batch or an ack that is lost comes again; a halt is told once.
        let isLost = world.chance(world.weather.drop) && envelope.kind != .halt
        let copies = isLost ? 0 : world.chance(world.weather.double) ? 2 : 1
        if copies != 1 { world.log.note("  the broker keeps \(copies) of it") }
        for _ in 0..<copies {
            var from = world.decision + (world.chance(world.weather.delay) ? world.draw(1..<60) : 0)
            if envelope.kind == .ack, world.chance(world.weather.lag) { from += world.draw(world.plan.lag) }
            broker.put(SimulatedBroker.Message(envelope: envelope, user: office.description, from: from), into: box)
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
