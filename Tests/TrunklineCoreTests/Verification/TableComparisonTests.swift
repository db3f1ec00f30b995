import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct TableComparisonTests {
    private let name = TableName("sales")
    private let columns = [Column(name: "id", type: "numeric"), Column(name: "v", type: "text")]

    /// Both rounds as the two offices go through them.
    private func verify(_ sender: [[String?]], _ receiver: [[String?]]) -> (first: TableResult, second: TableResult) {
        let first = round(1, sender, receiver, covered: [])
        return (first, round(2, sender, receiver, covered: first.differingBuckets))
    }

    private func round(_ round: Int, _ sender: [[String?]], _ receiver: [[String?]], covered: [Int]) -> TableResult {
        var theirs = RowDigester(columns: columns, key: ["id"], bucketCount: 16, covered: Set(covered))
        for row in sender { theirs.add(line: CopyText.line(row)[...]) }
        let claim = theirs.claim(name: name, key: ["id"], columns: columns, round: round, covered: covered)
        #expect(claim.isWellFormed)
        var ours = claim.digester()
        for row in receiver { ours.add(line: CopyText.line(row)[...]) }
        return claim.compare(with: ours)
    }

    private let rows: [[String?]] = (1...100).map { ["\($0)", "v\($0)"] }

    @Test func equalTablesAgreeInBothRounds() {
        let (first, second) = verify(rows, rows.reversed())
        #expect(first.agrees && second.agrees)
        #expect(first.rowsAtSender == 100 && first.rowsAtReceiver == 100)
    }

    @Test func theKeysThatDifferAreNamed() {
        var receiver = rows
        receiver[9][1] = "other"
        receiver.remove(at: 49)
        receiver.append(["999", "extra"])
        let (first, second) = verify(rows, receiver)
        #expect(!first.agrees)
        #expect((1...3).contains(first.differingBuckets.count))
        #expect(first.differingKeys.isEmpty)
        #expect(
            Set(second.differingKeys) == [
                KeyDifference(key: RowKey(["10"]), kind: .different),
                KeyDifference(key: RowKey(["50"]), kind: .onlyAtSender),
                KeyDifference(key: RowKey(["999"]), kind: .onlyAtReceiver),
            ])
        #expect(!second.agrees)
    }

    @Test func theKeysThatTheReceiverHasAreNamedFirst() {
        let (_, second) = verify([["1", "a"], ["2", "b"]], [["2", "other"], ["3", "c"]])
        #expect(second.differingKeys.map(\.kind) == [.different, .onlyAtReceiver, .onlyAtSender])
    }

    /// Of keys that are longer than there is room for, some are compared, and what is not compared does not agree.
    @Test func ofLongKeysSomeAreNamedAndTheRestIsNotCalledEqual() {
        let long = String(repeating: "7", count: 900)
        let sender = (1000...5_999).map { ["\($0)\(long)", "a"] }
        var receiver = sender
        for index in stride(from: 0, to: sender.count, by: 50) { receiver[index][1] = "b" }
        let (first, second) = verify(sender, receiver)
        #expect(first.differingBuckets.count == 16)
        #expect(!second.agrees && !second.differingKeys.isEmpty && second.isTruncated)
        // Where nothing differs in what was compared, too.
        var last = sender
        let place = (0..<sender.count).last {
            RowDigester.bucket(of: RowKey([sender[$0][0]]), count: 16) == 15
        }!
        last[place][1] = "b"
        let uneven = round(2, sender, last, covered: Array(0..<16))
        #expect(uneven.rowsAtSender == uneven.rowsAtReceiver && uneven.differingKeys.isEmpty && !uneven.agrees)
    }

    @Test func aClaimThatSaysTooLittleIsNotWorkedWith() {
        var claim = RowDigester(columns: columns, key: ["id"], bucketCount: 16)
            .claim(name: name, key: ["id"], columns: columns, round: 1, covered: [])
        #expect(claim.isWellFormed)
        claim.buckets = []
        #expect(!claim.isWellFormed)
    }

    @Test func noMoreKeysThanTheLimitAreNamed() {
        let many = (1...1_500).map { ["\($0)", "v"] }
        let (first, second) = verify(many, [])
        #expect(first.rowsAtReceiver == 0)
        #expect(second.differingKeys.count == TableResult.maximalKeys)
    }

    /// A row that is the same on both sides shares its bucket with one that is not.
    @Test func keysThatAreOnlyWrittenDifferentlyAreNotNamed() {
        let sender = (1...100).map { ["\($0).50", "v"] }
        let receiver = (1...100).map { ["\($0).5", $0 == 7 ? "other" : "v"] }
        let (_, second) = verify(sender, receiver)
        #expect(second.differingKeys.map(\.kind) == [.different])
    }

    @Test func aClaimThatCannotBeWorkedWith() {
        let good = RowDigester(columns: columns, key: ["id"], bucketCount: 16)
            .claim(name: name, key: ["id"], columns: columns, round: 1, covered: [])
        #expect(good.isWellFormed)
        let changes: [(inout TableClaim) -> Void] = [
            { $0.bucketCount = 0 }, { $0.bucketCount = -16 }, { $0.bucketCount = 15 }, { $0.bucketCount = 32 },
            { $0.bucketCount = .max }, { $0.bucketCount = .min }, { $0.buckets.removeLast() },
            { $0.coveredBuckets = [16] }, { $0.coveredBuckets = [-1] }, { $0.key = [] }, { $0.key = ["x"] },
            { $0.columns.append($0.columns[0]) },
        ]
        for (index, change) in changes.enumerated() {
            var claim = good
            change(&claim)
            #expect(!claim.isWellFormed, "change \(index)")
        }
    }
}
