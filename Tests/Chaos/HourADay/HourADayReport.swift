import TrunklineTesting

/// What a run came to, as it is printed.
struct HourADayReport {
    /// A sender's setting that is not changed here.
    static let window = 64

    var rows: Int
    var stored: Int
    var isDrained: Bool
    var schedule: LinkSchedule
    var kilobits: Double
    var traffic: LinkProxy.Traffic
    var sent: SentBatches
    var plain: PlainSize

    /// Passed the link and was none of the batches' one good sending: what was sent again, what a cut left half-way, and
    /// the protocol's own overhead.
    private var wasted: Int { max(0, traffic.up - sent.useful) }
    private var wastedPerCut: Int { wasted / max(1, schedule.cuts) }
    private var capacity: Double { kilobits * 125 * (schedule.openFor / .seconds(1)) }
    private var aWindow: Int { Self.window * sent.useful / max(1, sent.bytes.count) }

    var holds: Bool { isDrained && stored == rows && wastedPerCut <= aWindow }

    var text: String {
        """
        link: \(Int(kilobits)) kbit/s, 300 ms, 2 % loss, open for \(schedule.open), away for \(schedule.closed); \
        \(schedule.cuts) cuts, open for \(tenths(schedule.openFor / .seconds(1))) s in all
        rows: \(rows) in \(sent.bytes.count) batches, \(stored) at the head
        goodput: \(percent(Double(sent.useful), capacity)) of what the link could carry while open \
        (\(sent.useful) of \(Int(capacity)) bytes)
        bytes a row on the wire: \(perRow(traffic.up)), of it batches \(perRow(sent.useful)); as CSV \
        \(perRow(plain.csv)), zstd -1 \(perRow(plain.zstd1)), zstd -19 \(perRow(plain.zstd19))
        sent again: \(wasted) bytes, \(wastedPerCut) a cut with the protocol's own; a window is \(aWindow)
        hour-a-day: \(isDrained ? "drained" : "not drained")
        """
    }

    private func perRow(_ bytes: Int) -> String { tenths(Double(bytes) / Double(rows)) }
    private func percent(_ part: Double, _ whole: Double) -> String { "\(tenths(100 * part / max(1, whole))) %" }
    private func tenths(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
}
