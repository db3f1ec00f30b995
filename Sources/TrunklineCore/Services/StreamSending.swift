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

/// How many changes a batch covers: the same for all streams while each has its turn, so that those at the same place end
/// theirs at the same place too.
struct SendingRound {
    private var served: Set<StreamID> = []
    private var changes = 0

    /// - Parameter now: what would suit just now.
    mutating func changes(for stream: StreamID, now: Int) -> Int {
        if served.isEmpty || served.contains(stream) {
            served = []
            changes = now
        }
        served.insert(stream)
        return changes
    }
}

/// What was read of a batch that is the same for several streams, so that the next ones at the same place need not read
/// it again; of one that was too large, how much was kept of it, so that they make the same of it.
struct SharedContent {
    private static let kept = 2
    private var contents: [(name: String, tables: [TableContent])] = []
    private var splits: [(name: String, kept: Int)] = []

    func tables(of batch: ClaimedBatch) -> [TableContent]? {
        guard let name = Self.name(of: batch) else { return nil }
        return contents.first { $0.name == name }?.tables
    }

    /// Only where each change became a row or a delete: what was set aside on the way is noted for each stream.
    mutating func keep(_ tables: [TableContent], of batch: ClaimedBatch) {
        // A shared table's stamps are for one branch.
        guard let name = Self.name(of: batch), !tables.contains(where: { $0.conflict != nil }),
            tables.reduce(0, { $0 + $1.rowCount + $1.deleteCount }) == batch.changes
        else { return }
        contents = contents.suffix(Self.kept - 1) + [(name, tables)]
    }

    func split(of batch: ClaimedBatch) -> Int? {
        guard let name = Self.name(of: batch) else { return nil }
        return splits.first { $0.name == name }?.kept
    }

    mutating func noteSplit(of batch: ClaimedBatch, keeping kept: Int) {
        guard let name = Self.name(of: batch) else { return }
        splits = splits.suffix(3) + [(name, kept)]
    }

    private static func name(of batch: ClaimedBatch) -> String? { batch.attempt == 1 ? batch.sharedContent : nil }
}
