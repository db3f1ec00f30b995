import Testing

@testable import TrunklineMonitoring

@Suite struct StateWatchTests {
    /// However long the backlog is, to count it costs at most 1 % of the time.
    @Test(arguments: [(0.001, 5.0), (0.05, 5), (0.4, 40), (2, 200), (60, 300)])
    func theMoreALookCostsTheSeldomerItIs(look: Double, pause: Double) {
        #expect(StateWatch.pause(after: .seconds(look)) == .seconds(pause))
    }
}
