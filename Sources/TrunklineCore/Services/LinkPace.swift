/// How large a batch suits the link: about a second of it, between 16 KiB and the setting.
///
/// A batch that a cut interrupts starts from its first byte, so one that takes longer than the link is there would
/// never arrive. Starts small and doubles, as TCP does (slow start, RFC 5681): a fast link has the full size after a few
/// batches. Bytes are before compression.
struct LinkPace: Sendable {
    /// How large the next batch may be.
    private(set) var batchBytes: Int
    private let range: ClosedRange<Int>

    private static let start = 64 << 10
    private static let least = 16 << 10

    /// - Parameter bytes: the setting; a smaller one than our least is obeyed.
    init(bytes: Int) {
        range = min(Self.least, bytes)...bytes
        batchBytes = min(Self.start, bytes)
    }

    /// How much may be on its way to the broker, so that the next batch is formed when it is known how the last ones
    /// fared.
    var unconfirmedBytes: Int { batchBytes * 4 }

    /// The broker confirmed so many bytes, this long after the confirm before, or after their publish if nothing else
    /// was on its way.
    mutating func confirmed(bytes: Int, in time: Duration) {
        if time > .seconds(1) {
            // By half at most: a moment without the broker is no slow link.
            change(to: max(batchBytes / 2, Int(Double(bytes) / (time / .seconds(1)))), upward: false)
        } else if time < .milliseconds(500), bytes >= batchBytes / 2 {
            change(to: batchBytes * 2, upward: true)
        }
    }

    /// The connection was lost with batches on their way.
    mutating func interrupted() { change(to: batchBytes / 2, upward: false) }

    private mutating func change(to bytes: Int, upward: Bool) {
        guard upward == (bytes > batchBytes) else { return }
        batchBytes = min(max(bytes, range.lowerBound), range.upperBound)
    }
}
