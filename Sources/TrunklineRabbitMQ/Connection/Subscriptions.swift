import TrunklineCore

/// Which queues a link is to consume, and which of them are left out for a while, whatever connection it has.
///
/// A queue that could not be subscribed to, or whose consumer the broker cancelled, is tried again after a second, and
/// then at twice the time, up to a minute: each look at a missing queue costs the broker an error.
struct Subscriptions {
    typealias Instant = ContinuousClock.Instant

    struct LeftOut {
        var error: BrokerError
        var delay: Duration
        var until: Instant
    }

    private(set) var wanted: Set<String> = []
    private(set) var prefetch = 1
    private(set) var leftOut: [String: LeftOut] = [:]
    /// The connection on which all that could be done is done; nil: none.
    private var settledOn: UInt64?
    private var nextTry: Instant?

    private static let first = Duration.seconds(1)
    private static let longest = Duration.seconds(60)

    mutating func want(_ queues: Set<String>, prefetch: Int) {
        self.prefetch = prefetch
        guard queues != wanted else { return }
        wanted = queues
        leftOut = leftOut.filter { queues.contains($0.key) }
        settledOn = nil
    }

    /// Whether there may be something to do on a connection. Cheap: asked before each message.
    func isDue(on connection: UInt64, at now: Instant) -> Bool {
        settledOn != connection || nextTry.map { $0 <= now } ?? false
    }

    /// - Parameter consumed: what the connection consumes.
    func plan(consumed: Set<String>, at now: Instant) -> (cancel: [String], subscribe: [String]) {
        let missing = wanted.subtracting(consumed).filter { leftOut[$0].map { $0.until <= now } ?? true }
        return (consumed.subtracting(wanted).sorted(), missing.sorted())
    }

    /// The plan was carried out, as far as it could be.
    mutating func settled(on connection: UInt64, consumed: Set<String>) {
        settledOn = connection
        for queue in leftOut.keys where consumed.contains(queue) { leftOut[queue] = nil }
        nextTry = leftOut.values.map(\.until).min()
    }

    mutating func leave(out errors: [String: BrokerError], at now: Instant) {
        for (queue, error) in errors where wanted.contains(queue) {
            let delay = leftOut[queue].map { min($0.delay * 2, Self.longest) } ?? Self.first
            leftOut[queue] = LeftOut(error: error, delay: delay, until: now + delay)
        }
        nextTry = leftOut.values.map(\.until).min()
    }

    /// The connection consumes less than before, by its own choice or the broker's.
    mutating func unsettle() { settledOn = nil }
}
