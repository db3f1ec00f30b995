import FoundationEssentials
import Testing
import TrunklineCore
import TrunklineRuntime

@testable import trunkline

@Suite struct VerificationReportTests {
    private let id = UUID()
    private let head = OfficeSettings(id: .head, role: .head)
    private let branches = [OfficeID("east")!, OfficeID("west")!]

    private func result(
        of branch: String, round: Int = 1, _ tables: [TableResult]
    ) -> VerificationResult {
        VerificationResult(id: id, round: round, stream: StreamID("\(branch)>head")!, watermark: 12, tables: tables)
    }

    private func table(
        _ name: String, _ atSender: Int, _ atReceiver: Int, buckets: [Int] = [], keys: [KeyDifference] = [],
        problem: String? = nil
    ) -> TableResult {
        TableResult(
            name: TableName(name), rowsAtSender: atSender, rowsAtReceiver: atReceiver, differingBuckets: buckets,
            bucketCount: 16, differingKeys: keys, problem: problem)
    }

    @Test func allAgree() {
        var answers = VerificationAnswers(branches: branches)
        answers.take(branches.map { result(of: $0.description, [table("sales", 1_200, 1_200)]) })
        let report = VerificationReport(at: head, answers: answers)
        #expect(report.verdict == .agree)
        #expect(
            report.text == """
                east and head, at watermark 12:
                  sales: 1,200 rows at east, 1,200 at head: agree
                west and head, at watermark 12:
                  sales: 1,200 rows at west, 1,200 at head: agree
                verify: 2 of 2 branches agree
                """)
    }

    @Test func aFirstRoundThatDiffersIsNoAnswerYet() {
        var answers = VerificationAnswers(branches: [OfficeID("east")!])
        let first = result(of: "east", [table("items", 5, 5), table("sales", 3, 2, buckets: [1])])
        answers.take([first])
        #expect(!answers.isComplete)
        let keys = [
            KeyDifference(key: RowKey(["7"]), kind: .onlyAtSender), KeyDifference(key: RowKey(["9"]), kind: .different),
        ]
        answers.take([result(of: "east", round: 2, [table("sales", 3, 2, keys: keys)])])
        #expect(answers.isComplete)
        let report = VerificationReport(at: OfficeSettings(id: OfficeID("east")!, role: .branch), answers: answers)
        #expect(report.verdict == .differ)
        #expect(
            report.text == """
                east and head, at watermark 12:
                  items: 5 rows at east, 5 at head: agree
                  sales: 3 rows at east, 2 at head: DIFFER
                    ["7"] is only at east
                    ["9"] has different values
                verify: east differs from head in 1 of 2 tables
                """)
    }

    @Test func aTableThatCannotBeComparedNeedsNoSecondRound() {
        var answers = VerificationAnswers(branches: [OfficeID("east")!])
        answers.take([result(of: "east", [table("sales", 3, 0, problem: "there is no such table")])])
        #expect(answers.isComplete)
        #expect(VerificationReport(at: head, answers: answers).verdict == .differ)
    }

    @Test func whatABranchDoesNotSpeakOfIsNotCalledCompared() {
        var answers = VerificationAnswers(branches: [OfficeID("east")!])
        answers.take([result(of: "east", [table("nosuch", 0, 0)])])
        let report = VerificationReport(
            at: head, answers: answers, unmentioned: [OfficeID("east")!: [TableName("sales")]])
        #expect(report.verdict == .incomplete && !report.summary.agree)
        #expect(report.text.contains("sales: not compared: east does not sync it"))
        #expect(
            report.text.hasSuffix("1 of 1 branches agree in what they sync; 1 table with rows of theirs not compared"))
        let all = VerificationReport(at: head, answers: answers, unmentioned: [OfficeID("east")!: []])
        #expect(all.verdict == .agree)
    }

    @Test func whoDidNotAnswerIsNamed() {
        var answers = VerificationAnswers(branches: branches)
        answers.take([result(of: "west", [table("sales", 1, 1)]), result(of: "stranger", [])])
        let report = VerificationReport(at: head, answers: answers)
        #expect(report.verdict == .unanswered)
        #expect(report.text.hasSuffix("east: no answer\nverify: 1 of 2 branches agree"))
        #expect(report.unansweredText(timeout: .seconds(60), nil).hasPrefix("no answer from east after 1m; "))
        #expect(report.summary.unanswered == [OfficeID("east")!])
    }
}
