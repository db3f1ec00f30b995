internal import TrunklineCore

/// How often a publisher that has nothing to do looks for changes, and what of that is news.
///
/// Nobody notifies it (the application's transactions must not), so it looks: at the number of the last change that
/// anybody wrote, which costs next to nothing, and, for a while after that moved, for what is committed and in no batch.
/// That is looked for now and then anyway: a transaction may commit long after it wrote.
struct ChangePoll: Sendable {
    typealias Instant = ContinuousClock.Instant

    private static let quick = Duration.milliseconds(4)
    private static let idle = Duration.milliseconds(10)
    private static let asleep = Duration.milliseconds(200)
    private static let activity = Duration.seconds(2)
    /// Nobody has written for so long: nobody waits for a screen.
    private static let drowsy = Duration.seconds(60)
    private static let rare = Duration.milliseconds(100)

    /// The number of the last change, committed or not.
    private var lastNumber: Int?
    private var stirred: Instant?
    private var lastLook: Instant?
    /// What was reported last, and is still there.
    private var reported: String?

    private func isActive(at now: Instant) -> Bool { stirred.map { now - $0 < ChangePoll.activity } ?? false }

    private func isAsleep(at now: Instant) -> Bool { stirred.map { now - $0 > ChangePoll.drowsy } ?? false }

    func interval(at now: Instant) -> Duration {
        isActive(at: now) ? ChangePoll.quick : isAsleep(at: now) ? ChangePoll.asleep : ChangePoll.idle
    }

    /// - Returns: whether to look into the log.
    mutating func numbered(_ number: Int?, at now: Instant) -> Bool {
        if number != lastNumber { stirred = now }
        lastNumber = number
        let rare = isAsleep(at: now) ? ChangePoll.rare * 10 : ChangePoll.rare
        return isActive(at: now) || lastLook.map { now - $0 >= rare } ?? true
    }

    /// - Parameter waiting: the streams with changes that no batch has, and their last batches; nil: none.
    /// - Returns: whether it is news. What was reported, and of which no batch was made, is not: the window is full, say,
    ///   and what ends that notifies.
    mutating func looked(_ waiting: String?, at now: Instant) -> Bool {
        lastLook = now
        defer { reported = waiting }
        return waiting != nil && waiting != reported
    }
}
