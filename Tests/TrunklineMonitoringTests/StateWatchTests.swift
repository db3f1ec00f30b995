import Testing

@testable import TrunklineMonitoring

@Suite struct StateWatchTests {
    /// However long the backlog is, to count it costs at most 1 % of the time.
    @Test(arguments: [(0.001, 5.0), (0.05, 5), (0.4, 40), (2, 200), (60, 300)])
    func theMoreALookCostsTheSeldomerItIs(look: Double, pause: Double) {
        #expect(StateWatch.pause(after: .seconds(look), stalledAfter: .seconds(3_600)) == .seconds(pause))
    }

    /// Else success would be noticed after its lack was.
    @Test(arguments: [(0.001, 600.0, 5.0), (60, 600, 150), (60, 8, 2), (0.001, 8, 2)])
    func aLookComesInTimeToSeeSuccess(look: Double, stalledAfter: Double, pause: Double) {
        #expect(StateWatch.pause(after: .seconds(look), stalledAfter: .seconds(stalledAfter)) == .seconds(pause))
    }
}
