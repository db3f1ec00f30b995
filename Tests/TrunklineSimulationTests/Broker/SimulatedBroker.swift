import TrunklineCore

/// What carries the envelopes, in memory: a box a stream for its batches, and one an office for its acks. The one
/// stand-in of the simulation: everything else is the product.
///
/// What RabbitMQ and the network between may do, this does, as often as the ``Weather`` says: messages are lost after
/// the confirm, doubled, delayed, delivered in another order; publishes are refused; connections break before or
/// after a call took effect. It keeps the contracts of ``Outbox`` and ``Inbox`` and no more.
final class SimulatedBroker: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    struct Message {
        var envelope: Envelope
        var user: String
        /// The decision of the world from which on it can be delivered.
        var from: Int
    }

    enum Box: Hashable, Comparable {
        /// Read by one link at a time.
        case batches(of: StreamID)
        /// At the head those of all branches.
        case acks(to: OfficeID)

        init(for envelope: Envelope) {
            self =
                switch envelope.kind {
                case .batch, .halt: .batches(of: StreamID(from: envelope.from, to: envelope.to))
                case .ack, .verify: .acks(to: envelope.to)
                }
        }
    }

    private var boxes: [Box: [Message]] = [:]
    /// Of each box, in the order in which they came.
    private var readers: [Box: [(number: Int, link: SimulatedLink)]] = [:]
    private var dead: [Delivery] = []

    /// Of branches that are gone: nobody asks for the rest of what they sent.
    private var gone: Set<String> = []

    /// Makes a box, where there is none.
    func open(_ box: Box) { boxes[box] = boxes[box] ?? [] }

    func remove(_ branch: OfficeID) {
        gone.insert(branch.description)
        for box in [
            Box.batches(of: StreamID(from: branch, to: .head)), .batches(of: StreamID(from: .head, to: branch)),
            .acks(to: branch),
        ] { boxes[box] = nil }
    }

    func put(_ message: Message, into box: Box) { boxes[box]?.append(message) }

    func bury(_ delivery: Delivery) { dead.append(delivery) }

    /// What was delivered and not acknowledged stands in front again.
    func putBack(_ messages: [Message], into box: Box) {
        boxes[box]?.insert(contentsOf: messages, at: 0)
    }

    /// - Parameter position: draws one of so many.
    func take(from box: Box, at decision: Int, position: (Int) -> Int) -> Message? {
        let ready = boxes[box]!.indices.filter { boxes[box]![$0].from <= decision }
        guard !ready.isEmpty else { return nil }
        return boxes[box]!.remove(at: ready[position(ready.count)])
    }

    func setReader(_ link: SimulatedLink?, number: Int, of box: Box) {
        readers[box]?.removeAll { $0.number == number }
        if let link { readers[box, default: []].append((number, link)) }
    }

    func has(_ box: Box) -> Bool { boxes[box] != nil }

    /// Whether this reader may get messages.
    func serves(_ number: Int, from box: Box) -> Bool {
        guard case .batches = box else { return true }
        return readers[box]?.first?.number == number
    }

    /// Whether somebody is there, and all that is in the box is with him.
    func isDrained(_ box: Box, at decision: Int) -> Bool {
        let links = readers[box, default: []].filter { serves($0.number, from: box) }
        let prefetched = links.reduce(0) { $0 + $1.link.room(for: box) }
        return !links.isEmpty && boxes[box, default: []].count { $0.from <= decision } <= prefetched
    }

    func hasMessages(in box: Box, at decision: Int) -> Bool { boxes[box, default: []].contains { $0.from <= decision } }

    var isEmpty: Bool { dead.allSatisfy { gone.contains($0.sender) } && boxes.values.allSatisfy(\.isEmpty) }
}
