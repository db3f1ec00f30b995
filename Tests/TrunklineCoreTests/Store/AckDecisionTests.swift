import FoundationEssentials
import Testing
import TrunklineCore

@Suite struct AckDecisionTests {
    private let stream = StreamID(from: OfficeID("east")!, to: .head)
    private let epoch = UUID()
    private let past = UUID()
    private let id = UUID()

    private var position: AckDecision.Position {
        AckDecision.Position(epoch: epoch, pastEpochs: [past], lastFormed: 9, acked: 5)
    }

    private func ack(_ watermark: Int64, epoch: UUID? = nil, _ change: (inout Ack) -> Void = { _ in }) -> Ack {
        var ack = Ack(
            stream: stream, epoch: epoch ?? self.epoch, watermark: watermark, batchID: id, setAsideVersion: 0,
            setAside: nil, setAsideTotal: 0)
        change(&ack)
        return ack
    }

    private func decide(_ ack: Ack, ownID: UUID? = nil) -> AckDecision {
        AckDecision.decide(ack, at: position, ownID: ownID ?? id)
    }

    private func isHalt(_ decision: AckDecision) -> Bool {
        if case .halt = decision { true } else { false }
    }

    @Test func anAckOfThisHistoryIsRecorded() {
        #expect(decide(ack(9)) == .record)
        // An old one, late.
        #expect(decide(ack(2)) == .record)
        // Its batch was pruned.
        #expect(AckDecision.decide(ack(2), at: position, ownID: nil) == .record)
    }

    @Test func whatTheReceiverHasAndThisDatabaseNeverFormedHalts() {
        #expect(isHalt(decide(ack(10))))
        #expect(isHalt(decide(ack(7), ownID: UUID())))
        #expect(isHalt(decide(ack(1, epoch: UUID()))))
    }

    @Test func whoIsBehindAgainAtOnceWaits() {
        let behind = ack(3) { [epoch] in $0.behind = Ack.Behind(epoch: epoch, number: 5) }
        #expect(decide(behind) == .resend)
        var position = position
        position.isFreshlyResent = true
        guard case .ignore = AckDecision.decide(behind, at: position, ownID: id) else {
            Issue.record("not ignored")
            return
        }
    }

    @Test func anEpochThatIsOverIsIgnored() {
        guard case .ignore = decide(ack(100, epoch: past)) else {
            Issue.record("not ignored")
            return
        }
    }

    @Test func aRefusalStops() {
        let refusal = ack(7) { [epoch] in $0.stopped = StopNotice(epoch: epoch, number: 8, reason: "no") }
        #expect(decide(refusal) == .refused(reason: "no"))
        // By a receiver that follows an epoch of which nothing is known here.
        let foreign = ack(7, epoch: UUID()) { [epoch] in
            $0.stopped = StopNotice(epoch: epoch, number: 8, reason: "no")
        }
        #expect(decide(foreign) == .refused(reason: "no"))
        // Of an epoch that is over.
        let old = ack(7) { [past] in $0.stopped = StopNotice(epoch: past, number: 8, reason: "no") }
        #expect(decide(old) == .record)
    }

    /// Of a receiver that met a batch of `claimed`, with an ack of `number`.
    private func behind(_ watermark: Int64, of following: UUID? = nil, claimed: UUID, _ number: Int64) -> Ack {
        ack(watermark, epoch: following) { $0.behind = Ack.Behind(epoch: claimed, number: number) }
    }

    @Test func aReceiverThatLostWhatItHadAckedGetsItAgain() {
        #expect(decide(behind(3, claimed: epoch, 5)) == .resend)
        // It follows the epoch before.
        #expect(decide(behind(50, of: past, claimed: epoch, 5)) == .resend)
        // It has caught up since, or speaks of an ack that nobody here has, or of an epoch that is over.
        #expect(decide(behind(6, claimed: epoch, 5)) == .record)
        #expect(decide(behind(3, claimed: epoch, 6)) == .record)
        #expect(decide(behind(3, claimed: past, 5)) == .record)
        // Nobody is behind what was never acked.
        #expect(decide(behind(0, of: past, claimed: epoch, 0)) != .resend)
    }
}
