import TrunklineCore

/// Decides from the states of a stream, look after look, whether all that was pending at the first
/// look is acked, while the application goes on writing.
///
/// Uses no clock: the first look that finds nothing unsent fixes the last batch that matters.
struct SyncGoal: Sendable {
    enum Verdict: Hashable, Sendable {
        case waiting(done: Int, total: Int)
        /// Everything is acked: so many changes.
        case reached(Int)
        case stopped(reason: String)
    }

    /// The most changes that were outstanding at any look.
    private var total = 0
    /// The last batch that covers what was pending at the start; nil until a look found nothing unsent.
    private var lastBatch: Int64?

    mutating func look(_ status: StreamStatus) -> Verdict {
        // What is held is tried again by itself.
        let mayGoOn = status.held != nil && status.stopped == nil
        if !mayGoOn, let reason = status.standstill { return .stopped(reason: reason) }
        let outstanding = status.pending + status.inFlightChanges
        total = max(total, outstanding)
        // What is in flight then has no changes, and nobody waits for it.
        if outstanding == 0, lastBatch == nil { return .reached(total) }
        if status.pending == 0, lastBatch == nil { lastBatch = status.lastFormed }
        if let lastBatch, status.watermark >= lastBatch { return .reached(total) }
        return .waiting(done: total - outstanding, total: total)
    }
}
