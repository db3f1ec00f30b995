import TrunklineCore

/// The time of a simulated world. It passes when somebody waits in vain, and when the seed says so.
///
/// Everybody sees it in ticks of four seconds. The stale time-out (5 s, with a jitter of a tenth that depends on a
/// batch's random id) then falls between two ticks, so the ids do not matter to the course of a run.
final class VirtualClock: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    static let tick = Duration.seconds(4)

    private let start = ContinuousClock.now
    private var passed = Duration.zero

    /// Whole ticks since the beginning.
    var elapsed: Duration { VirtualClock.tick * Int(passed / VirtualClock.tick) }

    var service: ServiceClock { ServiceClock { [self] in start + elapsed } }

    func advance(by duration: Duration) { passed += duration }
}
