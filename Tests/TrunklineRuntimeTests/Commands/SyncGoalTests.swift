import Testing
import TrunklineCore

@testable import trunkline

@Suite struct SyncGoalTests {
    private func status(pending: Int, inFlight: Int = 0, formed: Int64, acked: Int64) -> StreamStatus {
        var status = StreamStatus(stream: StreamID("east>head")!, direction: .sending)
        status.pending = pending
        status.inFlightChanges = inFlight
        status.lastFormed = formed
        status.watermark = acked
        return status
    }

    @Test func nothingToDoIsReachedAtOnce() {
        var goal = SyncGoal()
        #expect(goal.look(status(pending: 0, formed: 7, acked: 7)) == .reached(0))
    }

    @Test func aBatchWithoutChangesIsNotWaitedFor() {
        var goal = SyncGoal()
        #expect(goal.look(status(pending: 0, formed: 8, acked: 7)) == .reached(0))
    }

    @Test func itWaitsForTheLastBatchThatMatters() {
        var goal = SyncGoal()
        #expect(goal.look(status(pending: 100, formed: 7, acked: 7)) == .waiting(done: 0, total: 100))
        #expect(goal.look(status(pending: 50, inFlight: 50, formed: 8, acked: 7)) == .waiting(done: 0, total: 100))
        #expect(goal.look(status(pending: 0, inFlight: 50, formed: 9, acked: 8)) == .waiting(done: 50, total: 100))
        #expect(goal.look(status(pending: 0, formed: 9, acked: 9)) == .reached(100))
    }

    /// All that was pending at the start is in batch 9; what came later does not matter.
    @Test func newWritesDoNotKeepItFromEnding() {
        var goal = SyncGoal()
        _ = goal.look(status(pending: 100, formed: 7, acked: 7))
        #expect(goal.look(status(pending: 0, inFlight: 100, formed: 9, acked: 7)) == .waiting(done: 0, total: 100))
        #expect(goal.look(status(pending: 10, inFlight: 5, formed: 11, acked: 9)) == .reached(100))
    }

    /// An ack of everything formed so far says nothing of what is not formed yet.
    @Test func unsentChangesAreNeverTakenForAcked() {
        var goal = SyncGoal()
        #expect(goal.look(status(pending: 5, formed: 9, acked: 9)) == .waiting(done: 0, total: 5))
        #expect(goal.look(status(pending: 8, formed: 9, acked: 9)) == .waiting(done: 0, total: 8))
    }

    @Test func aStoppedStreamEndsIt() {
        var goal = SyncGoal()
        var stopped = status(pending: 5, formed: 9, acked: 8)
        stopped.stopped = "another history"
        #expect(goal.look(stopped) == .stopped(reason: "another history"))
    }
}
