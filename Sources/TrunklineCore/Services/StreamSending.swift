/// What a publisher has in mind of one stream: hints that may be lost with the process, and how it fares.
struct StreamSending {
    typealias Instant = ContinuousClock.Instant

    /// What the broker did not take, or went wrong with this stream alone, and when it is tried again.
    private(set) var trouble: (reason: String, times: Int, until: Instant)?
    var toldShapes = ToldShapes()
    var unconfirmedHalt: (tag: MessageTag, halt: Halt)?
    private var lastTurn: Instant
    private var nextRareNews: Instant

    init(at now: Instant) {
        lastTurn = now
        nextRareNews = now
    }

    /// Its turn has come. A stream that always has something to send is looked at for rare news now and then; one that has
    /// nothing to send is anyway.
    mutating func isRareNewsDue(at now: Instant) -> Bool {
        let wasIdle = now - lastTurn > .seconds(1)
        lastTurn = now
        if wasIdle { lookedForRareNews(at: now) }
        return now >= nextRareNews
    }

    mutating func lookedForRareNews(at now: Instant) { nextRareNews = now + .milliseconds(500) }

    func isWaiting(at now: Instant) -> Bool { trouble.map { now < $0.until } ?? false }

    /// Each try may cost the line a batch.
    mutating func failed(_ reason: String, at now: Instant) {
        let times = (trouble?.times ?? 0) + 1
        trouble = (reason, times, now + min(.seconds(15), .milliseconds(250) * (1 << min(times, 6))))
    }

    mutating func succeeded() { trouble = nil }
}

/// What was read of a batch that is the same for several streams, so that the next ones at the same place need not read
/// it again.
struct SharedContent {
    private static let kept = 2
    private var contents: [(name: String, tables: [TableContent])] = []

    func tables(of batch: ClaimedBatch) -> [TableContent]? {
        guard batch.attempt == 1, let name = batch.sharedContent else { return nil }
        return contents.first { $0.name == name }?.tables
    }

    /// Only where each change became a row or a delete: what was set aside on the way is noted for each stream.
    mutating func keep(_ tables: [TableContent], of batch: ClaimedBatch) {
        guard batch.attempt == 1, let name = batch.sharedContent,
            tables.reduce(0, { $0 + $1.rowCount + $1.deleteCount }) == batch.changes
        else { return }
        contents = contents.suffix(Self.kept - 1) + [(name, tables)]
    }
}
