import Testing

@testable import TrunklineTerminal

@Suite struct ProgressRateTests {
    @Test func anEvenPaceIsItsAverage() {
        var rate = ProgressRate()
        for second in 0...20 { rate.look(done: second * 100, at: Double(second)) }
        #expect(abs(rate.perSecond! - 100) < 0.001)
        #expect(abs(rate.secondsLeft(1_000)! - 10) < 0.001)
    }

    @Test func aStopIsNoticed() {
        var rate = ProgressRate()
        for second in 0...20 { rate.look(done: second * 100, at: Double(second)) }
        for second in 21...200 { rate.look(done: 2_000, at: Double(second)) }
        #expect(rate.secondsLeft(1_000) == nil)
        #expect(rate.secondsLeft(0) == 0)
    }

    @Test func twoLooksAtOneInstantChangeNothing() {
        var rate = ProgressRate()
        rate.look(done: 0, at: 0)
        rate.look(done: 50, at: 0)
        #expect(rate.perSecond == nil)
        rate.look(done: 100, at: 1)
        #expect(rate.perSecond == 100)
    }
}
