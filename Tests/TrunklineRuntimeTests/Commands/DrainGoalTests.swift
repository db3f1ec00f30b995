import Testing
import TrunklineCore

@testable import trunkline

@Suite struct DrainGoalTests {
    private func status(stored: Int = 10, watermark: Int64 = 3, parked: Int = 0, held: String? = nil) -> StreamStatus {
        var status = StreamStatus(stream: StreamID("head>east")!, direction: .receiving)
        status.ackedRows = stored
        status.watermark = watermark
        status.pending = parked
        status.held = held
        return status
    }

    /// A message that the broker has no more may be in the hands of a service.
    @Test func oneLookIsNotEnough() {
        var goal = DrainGoal()
        #expect(goal.look(status(), isDrained: true, at: .zero) == .waiting(done: 0, total: 0))
        #expect(goal.look(status(), isDrained: true, at: .milliseconds(900)) == .waiting(done: 0, total: 0))
        #expect(goal.look(status(), isDrained: true, at: .seconds(1)) == .reached(0))
    }

    @Test func whatIsStoredMeanwhileBeginsTheSecondAnew() {
        var goal = DrainGoal()
        _ = goal.look(status(), isDrained: true, at: .zero)
        #expect(
            goal.look(status(stored: 15, watermark: 4), isDrained: true, at: .seconds(1)) == .waiting(done: 5, total: 5)
        )
        #expect(goal.look(status(stored: 15, watermark: 4), isDrained: true, at: .seconds(2)) == .reached(5))
    }

    @Test(arguments: [(false, 0, String?.none), (true, 1, nil), (true, 0, "the disk is full")])
    func whatWaitsAtTheBrokerOrIsParkedOrHeldIsWaitedFor(isDrained: Bool, parked: Int, held: String?) {
        var goal = DrainGoal()
        _ = goal.look(status(), isDrained: true, at: .zero)
        #expect(
            goal.look(status(parked: parked, held: held), isDrained: isDrained, at: .seconds(5))
                == .waiting(done: 0, total: 0))
        #expect(goal.look(status(), isDrained: true, at: .seconds(6)) == .waiting(done: 0, total: 0))
        #expect(goal.look(status(), isDrained: true, at: .seconds(7)) == .reached(0))
    }

    @Test func aHeadThatSendsAllTheTimeDoesNotKeepItFromEnding() {
        var goal = DrainGoal()
        for second in 0..<10 {
            let verdict = goal.look(
                status(stored: second, watermark: Int64(second)), isDrained: true, at: .seconds(second))
            #expect(verdict == .waiting(done: second, total: second))
        }
        #expect(goal.look(status(stored: 10, watermark: 10), isDrained: true, at: .seconds(10)) == .reached(10))
    }

    @Test func aStoppedStreamEndsIt() {
        var goal = DrainGoal()
        var stopped = status()
        stopped.stopped = "another history"
        #expect(goal.look(stopped, isDrained: false, at: .zero) == .stopped(reason: "another history"))
    }
}
