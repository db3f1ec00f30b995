/// One stream's messages in hand, in the order in which they came, and whether their turn has come: a value that decides
/// and does nothing.
///
/// States: empty → ready (a message came, or there is something to tend) → running → ready, waiting (after a failure,
/// until its pause is over) or empty.
struct Lane: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Not dealt with yet, the oldest first.
    private(set) var messages: [Delivery] = []
    /// What the database found to do for the stream without a message.
    var work: TendedStream?
    private(set) var isRunning = false
    /// In a row.
    private(set) var failures = 0
    /// The last one.
    private(set) var error: String?
    private var waitsUntil: Instant?
    private var busySince: Instant?
    private var backoff: Backoff

    init(backoff: Backoff.Policy = Backoff.Policy()) { self.backoff = Backoff(backoff) }

    var isEmpty: Bool { messages.isEmpty && work == nil }

    /// Compressed, as they are in memory.
    var bytes: Int { messages.reduce(0) { $0 + $1.body.count } }

    func isReady(at now: Instant) -> Bool {
        !isRunning && !isEmpty && (waitsUntil.map { now >= $0 } ?? true)
    }

    /// Whether nothing keeps it from what there is to do without a message.
    var isReadyToTend: Bool { work != nil && waitsUntil == nil }

    mutating func arrived(_ delivery: Delivery) { messages.append(delivery) }

    mutating func began(at now: Instant) {
        isRunning = true
        busySince = now
    }

    mutating func paused() {
        isRunning = false
        busySince = nil
    }

    /// For how long it has been at what it is at; nil: it is at nothing.
    func time(at now: Instant) -> Duration? { busySince.map { now - $0 } }

    /// The oldest message is dealt with.
    mutating func finished(_ delivery: Delivery, at now: Instant) {
        messages.removeAll { $0.tag == delivery.tag }
        if isRunning { busySince = now }
        succeeded()
    }

    mutating func succeeded() {
        failures = 0
        error = nil
        waitsUntil = nil
        _ = backoff.succeeded()
    }

    /// - Parameter isContention: whether others had locked what it wanted: the moment in which they have not may be short.
    /// - Returns: how long it waits.
    mutating func failed(_ error: String, isContention: Bool = false, at now: Instant) -> Duration {
        failures += 1
        self.error = error
        let pause = min(backoff.failed(), isContention ? .seconds(1) : .seconds(3_600))
        waitsUntil = now + pause
        return pause
    }

    /// The connection was lost: what is not being worked on comes again over the next one.
    mutating func connectionLost() { messages = isRunning ? Array(messages.prefix(1)) : [] }
}
