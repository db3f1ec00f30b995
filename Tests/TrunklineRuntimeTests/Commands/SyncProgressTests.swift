import Testing
import TrunklineCore
import TrunklineRuntime

@testable import trunkline

@Suite struct SyncProgressTests {
    private let branch = OfficeSettings(id: OfficeID("east")!, role: .branch)
    private let head = OfficeSettings(id: .head, role: .head)
    private let up = StreamID("east>head")!
    private let down = StreamID("head>east")!

    private func sent(_ stream: StreamID, pending: Int, stopped: String? = nil) -> StreamStatus {
        var status = StreamStatus(stream: stream, direction: .sending)
        status.pending = pending
        status.stopped = stopped
        return status
    }

    private func received(setAside: Int = 0) -> StreamStatus {
        var status = StreamStatus(stream: down, direction: .receiving)
        status.setAside = setAside
        return status
    }

    @Test func aBranchWaitsForBothDirections() {
        var progress = SyncProgress(of: branch, sending: [up], receives: true)
        let looks = [sent(up, pending: 0), received(setAside: 2)]
        #expect(progress.received(looks) == [down])
        progress.look(looks, drained: [down], at: .zero)
        #expect(progress.waiting == [down])
        progress.look(looks, drained: [down], at: .seconds(1))
        #expect(progress.waiting == [])
        #expect(
            progress.outcomes(after: .seconds(1)) == [
                SyncOutcome(stream: up, ackedChanges: 0, setAside: 0, seconds: 1),
                SyncOutcome(stream: down, storedChanges: 0, setAside: 2, seconds: 1),
            ])
    }

    @Test func aStreamThatAppearsMeanwhileIsWaitedFor() {
        var progress = SyncProgress(of: branch, sending: [up], receives: true)
        progress.look([sent(up, pending: 5)], drained: [], at: .zero)
        #expect(progress.waiting == [up] && progress.done == 0 && progress.total == 5)
        var new = received()
        new.ackedRows = 300
        progress.look([sent(up, pending: 0), new], drained: [], at: .seconds(1))
        #expect(progress.waiting == [down] && progress.done == 5)
        #expect(progress.outcomes(after: .zero).last?.storedChanges == 300, "none of it was there at the start")
    }

    @Test func aStreamThatHasToComeIsWaitedForFromTheBeginning() {
        var progress = SyncProgress(of: branch, sending: [up], receives: true, expecting: down)
        progress.look([sent(up, pending: 0)], drained: [], at: .zero)
        #expect(progress.waiting == [down] && progress.isUnheard)
        #expect(progress.outcomes(after: .zero).map(\.stream) == [up])
        for second in 1...2 {
            progress.look([sent(up, pending: 0), received()], drained: [down], at: .seconds(second))
            #expect(progress.waiting == (second == 1 ? [down] : []) && !progress.isUnheard)
        }
    }

    @Test func aRepairDoesNotWaitForWhatOthersSend() {
        var progress = SyncProgress(of: branch, sending: [up])
        progress.look([sent(up, pending: 0), received()], drained: [], at: .zero)
        #expect(progress.waiting == [] && progress.outcomes(after: .zero).map(\.stream) == [up])
    }

    /// The other branches have what is for them.
    @Test func aStoppedStreamDoesNotEndTheOthers() {
        let west = StreamID("head>west")!
        var progress = SyncProgress(of: head, sending: [down, west])
        progress.look(
            [sent(down, pending: 1, stopped: "another history"), sent(west, pending: 3)], drained: [], at: .zero)
        #expect(progress.waiting == [west])
        progress.look(
            [sent(down, pending: 1, stopped: "another history"), sent(west, pending: 0)], drained: [], at: .zero)
        #expect(progress.waiting == [])
        #expect(progress.outcomes(after: .zero).map(\.stopped) == ["another history", nil])
    }

    @Test func whatIsNotAskedForIsNotWaitedFor() {
        var progress = SyncProgress(of: head, sending: [down])
        progress.look([sent(StreamID("head>west")!, pending: 3)], drained: [], at: .zero)
        #expect(progress.waiting == [] && progress.missing == [down])
    }

    @Test func newWritesAfterTheEndOfAStreamDoNotOpenItAgain() {
        let west = StreamID("head>west")!
        var progress = SyncProgress(of: head, sending: [down, west])
        progress.look([sent(down, pending: 0), sent(west, pending: 3)], drained: [], at: .zero)
        progress.look([sent(down, pending: 7), sent(west, pending: 0)], drained: [], at: .zero)
        #expect(progress.waiting == [])
    }
}
