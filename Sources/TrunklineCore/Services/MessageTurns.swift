/// Messages in hand, by the broker's user that sent them, who take turns: a flood of one makes no other one wait.
///
/// For messages of which a lost one is noticed and made good: of a user whose messages come faster than they are worked off
/// the newest are kept. An honest one has no more than fit: its whole list of set-aside rows is a hundred acks.
struct MessageTurns: Sendable {
    /// Of one user.
    private static let mostOfOne = 200
    private static let mostBytesOfOne = 8 << 20
    /// So many users may have their part full before another one's messages wait for them.
    private static let usersAhead = 5
    private static let mostBytes = 32 << 20

    /// What a broker should send ahead.
    static let prefetch = mostOfOne * usersAhead

    private struct Part {
        /// The oldest first.
        var messages: [Delivery] = []
        var bytes = 0

        /// The newest is kept, whatever its size.
        var isOverfull: Bool { messages.count > mostOfOne || bytes > mostBytesOfOne && messages.count > 1 }

        /// A question is asked once.
        mutating func passOver() -> Delivery {
            remove(at: messages.firstIndex { $0.kind != Envelope.Kind.verify.rawValue } ?? 0)
        }

        mutating func removeFirst() -> Delivery { remove(at: 0) }

        private mutating func remove(at index: Int) -> Delivery {
            let delivery = messages.remove(at: index)
            bytes -= delivery.body.count
            return delivery
        }
    }

    private var parts: [String: Part] = [:]
    /// Who has messages, in the order of their turns.
    private var turns: [String] = []
    private var bytes = 0

    var isEmpty: Bool { turns.isEmpty }
    var hasRoom: Bool { bytes < Self.mostBytes }

    /// - Returns: the user's oldest messages, for which there is no room any more.
    mutating func arrived(_ delivery: Delivery) -> [Delivery] {
        let user = delivery.verifiedSender ?? ""
        if parts[user] == nil { turns.append(user) }
        var part = parts[user] ?? Part()
        part.messages.append(delivery)
        part.bytes += delivery.body.count
        bytes += delivery.body.count
        var passedOver: [Delivery] = []
        while part.isOverfull { passedOver.append(part.passOver()) }
        bytes -= passedOver.reduce(0) { $0 + $1.body.count }
        parts[user] = part
        return passedOver
    }

    /// The oldest message of whose turn it is; then it is the next one's.
    mutating func next() -> Delivery? {
        guard !turns.isEmpty else { return nil }
        let user = turns.removeFirst()
        var part = parts[user]!
        let delivery = part.removeFirst()
        bytes -= delivery.body.count
        parts[user] = part.messages.isEmpty ? nil : part
        if !part.messages.isEmpty { turns.append(user) }
        return delivery
    }

    mutating func removeAll() { self = MessageTurns() }
}
