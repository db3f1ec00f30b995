/// Messages that are to be buried, one at a time and in their order, and when the next one is tried.
struct RefusedMessages {
    typealias Message = (delivery: Delivery, reason: WireError)

    private var waiting: [Message] = []
    private var nextTry: ContinuousClock.Instant?
    /// The first one is being buried.
    private(set) var isBurying = false
    /// When the last one was buried; nil: nothing is held open for the next.
    private var lastBurial: ContinuousClock.Instant?
    /// Why the last try failed.
    private(set) var trouble: String?

    /// After a failure.
    static let pause = Duration.seconds(5)
    /// A connection gives no sign of life while nothing is done with it, and is not kept for so long.
    static let idle = Duration.seconds(5)

    /// Whether the next one may be begun.
    func isDue(at now: ContinuousClock.Instant) -> Bool {
        !isBurying && !waiting.isEmpty && nextTry.map { $0 <= now } ?? true
    }

    /// Whether there was something to bury, and nothing has been for a while; says so once.
    mutating func isOver(at now: ContinuousClock.Instant) -> Bool {
        guard !isBurying, waiting.isEmpty, let lastBurial, now - lastBurial >= Self.idle else { return false }
        self.lastBurial = nil
        return true
    }

    mutating func append(_ message: Message) { waiting.append(message) }

    /// - Returns: the one to bury; nil: none is due.
    mutating func begin(at now: ContinuousClock.Instant) -> Message? {
        guard isDue(at: now) else { return nil }
        isBurying = true
        return waiting.first
    }

    mutating func failed(_ error: any Error, at now: ContinuousClock.Instant) {
        isBurying = false
        trouble = "\(error)"
        nextTry = now + Self.pause
    }

    /// - Returns: whether it is still here. After a lost connection it comes again, and there are two copies.
    mutating func buried(_ message: Message, at now: ContinuousClock.Instant) -> Bool {
        isBurying = false
        lastBurial = now
        trouble = nil
        nextTry = nil
        guard waiting.first?.delivery.tag == message.delivery.tag else { return false }
        waiting.removeFirst()
        return true
    }

    /// The connection that they came over was lost.
    mutating func forget() { waiting = [] }
}
