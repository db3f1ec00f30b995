import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct VerificationResultTests {
    private let agreeing = TableResult(
        name: TableName("a"), rowsAtSender: 1, rowsAtReceiver: 1, differingBuckets: [], bucketCount: 16)
    private let differing = TableResult(
        name: TableName("b"), rowsAtSender: 1, rowsAtReceiver: 2, differingBuckets: [3, 5], bucketCount: 16)
    private let problem = TableResult(
        name: TableName("c"), rowsAtSender: 1, rowsAtReceiver: 0, differingBuckets: [], bucketCount: 16,
        problem: "no such table")

    private func result(_ tables: [TableResult], round: Int = 1) -> VerificationResult {
        VerificationResult(id: UUID(), round: round, stream: SampleBatch.stream, watermark: 1, tables: tables)
    }

    @Test func agreement() {
        // Nothing was compared.
        #expect(!result([]).agrees)
        #expect(result([agreeing]).agrees)
        #expect(!result([agreeing, differing]).agrees)
        #expect(!result([agreeing, problem]).agrees)
    }

    @Test func aSecondRoundIsForDifferencesThatCanBeNamed() {
        #expect(!result([agreeing]).needsSecondRound)
        #expect(result([agreeing, differing]).needsSecondRound)
        #expect(!result([agreeing, problem]).needsSecondRound)
        #expect(result([problem, differing]).needsSecondRound)
        #expect(!result([differing], round: 2).needsSecondRound)
    }

    @Test func theSecondRoundAsksForTheBucketsThatDiffer() {
        let first = result([agreeing, differing, problem])
        let request = VerificationRequest(secondRoundAfter: first)
        #expect(request.id == first.id)
        #expect(request.stream == first.stream)
        #expect(request.round == 2)
        #expect(request.buckets == [.init(name: TableName("b"), buckets: [3, 5], bucketCount: 16)])
    }

    @Test func theSecondRoundCompletesTheFirst() {
        var named = differing
        named.differingBuckets = []
        named.differences = 1
        let first = result([agreeing, differing, problem])
        let second = result([named], round: 2)
        #expect(second.completed(from: first).tables == [agreeing, named, problem])
        #expect(second.completed(from: second.completed(from: first)).tables == [agreeing, named, problem])
        #expect(second.completed(from: nil) == second)
        // What comes late, or twice, stays what it is.
        #expect(first.completed(from: first) == first)
        #expect(first.completed(from: second) == first)
    }
}
