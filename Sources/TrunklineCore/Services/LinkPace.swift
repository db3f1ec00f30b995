/// How large a batch suits the link: about a second of it, between 16 KiB and the setting.
///
/// A batch that a cut interrupts starts from its first byte, so one that takes longer than the link is there would
/// never arrive. Starts small and doubles, as TCP does (slow start, RFC 5681): a fast link has the full size after a few
/// batches. Bytes are before compression.
struct LinkPace: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// How large the next batch may be.
    private(set) var batchBytes: Int
    private let range: ClosedRange<Int>

    /// What was confirmed since when; nil while nothing is on its way.
    private var window: (start: Instant, bytes: Int)?
    private var isProgressing = false

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

    /// zstd's: a slow link leaves time to pack tightly, some 17 % smaller at 5 MB/s; a fast one waits for nobody.
    var compressionLevel: Int32 { batchBytes < range.upperBound / 2 ? 15 : 1 }

    /// A batch goes out.
    /// - Parameter isAlone: whether no other one is on its way.
    mutating func published(at now: Instant, isAlone: Bool) {
        if isAlone { window = (now, 0) }
    }

    /// The broker confirmed a batch.
    mutating func confirmed(bytes: Int, publishedAt: Instant, at now: Instant) {
        isProgressing = true
        guard let start = window?.start else { return }
        window?.bytes += bytes
        // One from before the last change says little about it.
        guard publishedAt >= start, let confirmed = window?.bytes else { return }
        let time = now - start
        let second = Double(confirmed) / max(time / .seconds(1), 0.001)
        if second >= 2 * Double(batchBytes) {
            change(to: batchBytes * 2, at: now)
        } else if time >= .seconds(1), confirmed >= batchBytes / 2, second < Double(batchBytes) / 2 {
            // By half at most: a moment without the broker is no slow link.
            change(to: max(batchBytes / 2, Int(second)), at: now)
        } else if time >= .seconds(1) {
            window = (now, 0)
        }
    }

    /// The connection was lost with batches on their way. If none of them got through, they were too large.
    mutating func interrupted() {
        if !isProgressing { batchBytes = max(batchBytes / 2, range.lowerBound) }
        isProgressing = false
        window = nil
    }

    private mutating func change(to bytes: Int, at now: Instant) {
        batchBytes = min(max(bytes, range.lowerBound), range.upperBound)
        window = (now, 0)
    }
}
