import TrunklineCore

/// Decides from the states of a stream that this office receives, look after look, whether all that its sender had sent is
/// stored here.
///
/// The broker says only that no message waits, and one may be in the hands of a service: so nothing must wait for a second
/// in which nothing is stored either. A sender that goes on all the time does not keep it from ending: what was in
/// somebody's hands ten seconds ago is stored.
struct DrainGoal: Sendable {
    /// At least between two looks that find nothing.
    static let quietFor = Duration.seconds(1)
    static let drainedFor = Duration.seconds(10)

    /// Rows and deletes that were stored before the first look; nil: the first look says.
    private var storedAtStart: Int?
    /// Since when nothing waits.
    private var drainedSince: Duration?
    /// Since when nothing was stored either.
    private var quietSince: Duration?
    private var watermark: Int64?

    /// - Parameter isNew: whether the stream began while it was waited for.
    init(isNew: Bool = false) { storedAtStart = isNew ? 0 : nil }

    /// - Parameters:
    ///   - isDrained: whether nothing waits at the broker, and somebody takes what comes.
    ///   - time: since any fixed instant.
    mutating func look(_ status: StreamStatus, isDrained: Bool, at time: Duration) -> SyncGoal.Verdict {
        if let reason = status.stopped { return .stopped(reason: reason) }
        let start = storedAtStart ?? status.ackedRows
        storedAtStart = start
        let stored = max(0, status.ackedRows - start)
        let waiting = SyncGoal.Verdict.waiting(done: stored, total: stored)
        guard isDrained, status.pending == 0, status.held == nil else {
            drainedSince = nil
            quietSince = nil
            return waiting
        }
        let drained = drainedSince ?? time
        drainedSince = drained
        let quiet = watermark == status.watermark ? quietSince ?? time : time
        quietSince = quiet
        watermark = status.watermark
        let isOver = time - quiet >= DrainGoal.quietFor || time - drained >= DrainGoal.drainedFor
        return isOver ? .reached(stored) : waiting
    }
}
