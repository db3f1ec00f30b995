internal import CoreMetrics
internal import Synchronization

/// The durations of a histogram with certain labels, counted by fixed upper bounds.
final class HistogramSeries: TimerHandler {
    struct Contents {
        /// Of each bucket alone, the infinite one last.
        var counts: [UInt64]
        /// In seconds.
        var sum = 0.0
    }

    let buckets: [Double]
    private let recorded: Mutex<Contents>

    init(buckets: [Double]) {
        self.buckets = buckets
        recorded = Mutex(Contents(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    var contents: Contents { recorded.withLock { $0 } }

    func recordNanoseconds(_ duration: Int64) {
        let seconds = Double(duration) / 1e9
        let index = buckets.firstIndex { seconds <= $0 } ?? buckets.count
        recorded.withLock { contents in
            contents.counts[index] += 1
            contents.sum += seconds
        }
    }
}
