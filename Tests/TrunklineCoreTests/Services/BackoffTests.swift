import Testing

@testable import TrunklineCore

@Suite struct BackoffTests {
    private static let policy = Backoff.Policy(base: .milliseconds(200), cap: .seconds(15))

    @Test func everyDelayIsWithinItsBounds() {
        for _ in 0..<200 {
            var backoff = Backoff(Self.policy)
            var last = Self.policy.base
            for _ in 0..<20 {
                let delay = backoff.failed()
                #expect((Self.policy.base...min(last * 3, Self.policy.cap)).contains(delay))
                last = delay
            }
        }
    }

    @Test func delaysGrowToTheCap() {
        var backoff = Backoff(Self.policy)
        // A run of 500 that never comes to the cap has a probability below 1e-50.
        let delays = (0..<500).map { _ in backoff.failed() }
        #expect(delays.max() == Self.policy.cap)
    }

    @Test func aSuccessStartsAnew() {
        var backoff = Backoff(Self.policy)
        for _ in 0..<50 { _ = backoff.failed() }
        let recovered = backoff.succeeded()
        let delay = backoff.failed()
        #expect(recovered && delay <= Self.policy.base * 3)
    }

    @Test func onlyASuccessAfterAFailureIsARecovery() {
        var backoff = Backoff(Self.policy)
        let before = backoff.succeeded()
        _ = backoff.failed()
        let after = backoff.succeeded()
        let again = backoff.succeeded()
        #expect(!before && after && !again)
    }

    @Test func aCapBelowTheBaseWins() {
        var backoff = Backoff(Backoff.Policy(base: .seconds(2), cap: .seconds(1)))
        let delay = backoff.failed()
        #expect(delay == .seconds(1))
    }
}
