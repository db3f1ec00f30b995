/// Decorrelated back-off: each delay is drawn between the base and three times the last one, under a cap.
///
/// Source: Marc Brooker, «Exponential Backoff And Jitter», AWS Architecture Blog, 2015.
public struct Backoff: Sendable {
    public struct Policy: Sendable {
        public var base: Duration
        public var cap: Duration

        public init(base: Duration = .milliseconds(200), cap: Duration = .seconds(15)) {
            self.base = base
            self.cap = cap
        }
    }

    private let policy: Policy
    private var last: Duration?

    public init(_ policy: Policy = Policy()) { self.policy = policy }

    /// - Returns: how long to wait before the next try.
    public mutating func failed() -> Duration {
        let upper = max((last ?? policy.base) * 3, policy.base)
        let delay = min(policy.cap, policy.base + (upper - policy.base) * Double.random(in: 0...1))
        last = delay
        return delay
    }

    /// - Returns: whether this success ends a series of failures.
    public mutating func succeeded() -> Bool {
        defer { last = nil }
        return last != nil
    }
}
