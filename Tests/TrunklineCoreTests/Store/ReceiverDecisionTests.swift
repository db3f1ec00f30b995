import FoundationEssentials
import Testing

@testable import TrunklineCore

/// The table of the design's section 5, row by row.
@Suite struct ReceiverDecisionTests {
    private let epoch = UUID()
    private let first = UUID()
    private let last = UUID()

    private func batch(_ number: Int64, id: UUID = UUID(), after previous: UUID? = nil, epoch: UUID? = nil)
        -> BatchHeader
    {
        BatchHeader(
            stream: SampleBatch.stream, epoch: epoch ?? self.epoch, number: number, id: id, previousID: previous,
            tables: [])
    }

    /// Through batch 5.
    private func watermark(stopped: String? = nil) -> ReceiverDecision.Watermark {
        ReceiverDecision.Watermark(epoch: epoch, number: 5, id: last, stopped: stopped)
    }

    private func stops(_ decision: ReceiverDecision) -> Bool {
        if case .stop = decision { true } else { false }
    }

    @Test func epochsWithoutEndAreForgotten() {
        var watermark = watermark()
        watermark.pastEpochs = Set((0..<ReceiverDecision.maximalPastEpochs).map { _ in UUID() })
        var header = batch(1, epoch: UUID())
        header.follows = [epoch]
        #expect(ReceiverDecision.pastEpochs(header, after: watermark) == [epoch])
    }

    @Test func next() {
        #expect(ReceiverDecision.decide(batch(6, after: last), after: watermark()) == .store)
    }

    @Test func theFirstOfAStreamWhoseWatermarkIsZero() {
        let watermark = ReceiverDecision.Watermark(epoch: epoch, number: 0, id: nil)
        #expect(ReceiverDecision.decide(batch(1), after: watermark) == .store)
        #expect(ReceiverDecision.decide(batch(2, after: first), after: watermark) == .wait(expected: 1))
    }

    @Test func duplicateAtTheWatermark() {
        #expect(ReceiverDecision.decide(batch(5, id: last, after: first), after: watermark()) == .duplicate)
    }

    @Test func duplicateBelowTheWatermark() {
        #expect(ReceiverDecision.decide(batch(4, after: first), after: watermark()) == .duplicate)
        #expect(ReceiverDecision.decide(batch(1, id: first), after: watermark()) == .duplicate)
    }

    @Test func anotherIDAtTheWatermark() {
        #expect(stops(ReceiverDecision.decide(batch(5, after: first), after: watermark())))
    }

    @Test func wrongPredecessor() {
        #expect(stops(ReceiverDecision.decide(batch(6, after: first), after: watermark())))
        #expect(stops(ReceiverDecision.decide(batch(6), after: watermark())))
    }

    @Test(arguments: [Int64(1), 4, 5, 6, 7]) func anotherEpoch(number: Int64) {
        let decision = ReceiverDecision.decide(batch(number, after: last, epoch: UUID()), after: watermark())
        #expect(stops(decision))
    }

    @Test(arguments: [Int64(7), 8, .max]) func gap(number: Int64) {
        #expect(ReceiverDecision.decide(batch(number, after: first), after: watermark()) == .wait(expected: 6))
    }

    @Test func unknownStream() {
        #expect(ReceiverDecision.decide(batch(1), after: nil) == .store)
        #expect(ReceiverDecision.decide(batch(2, after: first), after: nil) == .wait(expected: 1))
    }

    @Test(arguments: [Int64(4), 5, 6, 7]) func stopped(number: Int64) {
        let decision = ReceiverDecision.decide(
            batch(number, id: number == 5 ? last : UUID(), after: last), after: watermark(stopped: "why"))
        #expect(decision == .stop(reason: "why"))
    }

    @Test func anEpochThatReplacesOursIsGoneOverTo() {
        var header = batch(1, epoch: UUID())
        header.follows = [UUID(), epoch]
        #expect(ReceiverDecision.decide(header, after: watermark()) == .adopt)
        // Somebody decided, so a stop is over.
        #expect(ReceiverDecision.decide(header, after: watermark(stopped: "why")) == .adopt)
        header.number = 2
        #expect(ReceiverDecision.decide(header, after: watermark()) == .wait(expected: 1))
        header.follows = [UUID()]
        #expect(stops(ReceiverDecision.decide(header, after: watermark())))
    }

    @Test func anEpochThatIsOverIsADuplicate() {
        var watermark = watermark()
        let past = UUID()
        watermark.pastEpochs = [past]
        #expect(ReceiverDecision.decide(batch(9, epoch: past), after: watermark) == .duplicate)
    }

    /// Also those that it never met, or forgot when it was restored: a late message of them may come yet.
    @Test func whatTheSenderCallsOverIsOver() {
        var header = batch(1, epoch: UUID())
        let others = [UUID(), UUID()]
        header.follows = [others[0], epoch]
        #expect(ReceiverDecision.pastEpochs(header, after: nil) == [others[0], epoch])
        var watermark = watermark()
        watermark.pastEpochs = [others[1]]
        #expect(ReceiverDecision.pastEpochs(header, after: watermark) == [others[0], others[1], epoch])
    }

    @Test func anAckOfWhichNothingIsKnownShowsThatThisDatabaseIsOlder() {
        var header = batch(9, after: first)
        header.acked = 6
        #expect(ReceiverDecision.decide(header, after: watermark()) == .behind(acked: 6))
        #expect(ReceiverDecision.decide(header, after: nil) == .behind(acked: 6))
        header.acked = 5
        #expect(ReceiverDecision.decide(header, after: watermark()) == .wait(expected: 6))
        // It had gone over to an epoch that it knows no more.
        header.epoch = UUID()
        header.follows = [epoch]
        #expect(ReceiverDecision.decide(header, after: watermark()) == .behind(acked: 5))
    }
}
