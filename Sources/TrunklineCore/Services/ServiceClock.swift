/// Where a service takes the time for its time-outs from: the machine's monotonic clock, or a simulation's.
///
/// No clock decides about delivery or order.
public struct ServiceClock: Sendable {
    private let read: @Sendable () -> ContinuousClock.Instant

    public init(_ read: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) {
        self.read = read
    }

    public var now: ContinuousClock.Instant { read() }
}
