import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct RecoveryDecisionTests {
    private func result(
        differing: Int, listed: Int? = nil, kind: KeyDifference.Kind = .different
    ) -> VerificationResult {
        let keys = (0..<(listed ?? differing)).map { KeyDifference(key: RowKey(["\($0)"]), kind: kind) }
        return VerificationResult(
            id: UUID(), round: 2, stream: SampleBatch.stream, watermark: 1,
            tables: [
                TableResult(
                    name: TableName("item"), rowsAtSender: 9, rowsAtReceiver: 9, differingBuckets: [], bucketCount: 16,
                    differingKeys: keys, differences: differing)
            ])
    }

    @Test func aComparisonWaitsForSomeone() {
        #expect(RecoveryDecision.decide(.compare, passes: 0, result: result(differing: 2)) == .wait)
        #expect(RecoveryDecision.decide(.compare, passes: 0, result: result(differing: 0)) == .wait)
    }

    @Test(arguments: [RecoveryMode.keepBranch, .resend]) func whatDiffersGoesUntilBothAgree(mode: RecoveryMode) {
        #expect(
            RecoveryDecision.decide(mode, passes: 3, result: result(differing: 2)) == .mark(next: mode, passes: 4))
        #expect(RecoveryDecision.decide(mode, passes: 3, result: result(differing: 0)) == .finish)
        #expect(
            RecoveryDecision.decide(mode, passes: RecoveryDecision.maximalPasses, result: result(differing: 2))
                == .giveUp)
    }

    @Test func theSenderYieldsKeyByKey() {
        #expect(RecoveryDecision.decide(.keepHead, passes: 0, result: result(differing: 2)) == .yield(next: .resend))
        #expect(
            RecoveryDecision.decide(.keepHead, passes: 0, result: result(differing: 9, listed: 2))
                == .yield(next: .keepHead))
        // What the receiver has is listed first, so nothing of it is hidden: to ask again would never end.
        #expect(
            RecoveryDecision.decide(
                .keepHead, passes: 0, result: result(differing: 9, listed: 2, kind: .onlyAtSender))
                == .yield(next: .resend))
    }
}
