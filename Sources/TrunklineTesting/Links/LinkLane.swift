/// One direction of a link: when the next segment may leave, whichever connection it is of.
struct LinkLane {
    /// Until when what was taken keeps the line busy.
    private var busyUntil = ContinuousClock.now
    /// Bytes that were put on the line, the repeated ones too.
    private(set) var carried = 0

    /// About as long as a router's queue; further bytes stay with their sender.
    private static let queue = Duration.milliseconds(200)

    func takesMore(at now: ContinuousClock.Instant) -> Bool { busyUntil - now < Self.queue }

    /// Puts bytes on the line.
    /// - Returns: when the last of them has left the sender's end.
    mutating func send(_ bytes: Int, at now: ContinuousClock.Instant, _ condition: LinkCondition)
        -> ContinuousClock.Instant
    {
        carried += bytes
        guard let rate = condition.bytesPerSecond else { return now }
        busyUntil = max(busyUntil, now) + .seconds(Double(bytes) / rate)
        return busyUntil
    }
}
