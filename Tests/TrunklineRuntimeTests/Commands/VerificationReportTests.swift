import FoundationEssentials
import Testing
import TrunklineCore
import TrunklineRuntime

@testable import trunkline

extension VerificationAnswers {
    /// As an office that sends nothing itself hears them.
    fileprivate mutating func take(_ results: [VerificationResult]) {
        take(results, sentBy: OfficeID("elsewhere")!, [])
    }
}

@Suite struct VerificationReportTests {
    private let id = UUID()
    private let head = OfficeSettings(id: .head, role: .head)
    private let east = OfficeSettings(id: OfficeID("east")!, role: .branch)
    private let upward = [StreamID("east>head")!, StreamID("west>head")!]
    private let both = [StreamID("east>head")!, StreamID("head>east")!]

    private func result(
        of branch: String, round: Int = 1, _ tables: [TableResult]
    ) -> VerificationResult {
        result(in: StreamID("\(branch)>head")!, round: round, tables)
    }

    private func result(in stream: StreamID, round: Int = 1, _ tables: [TableResult]) -> VerificationResult {
        VerificationResult(id: id, round: round, stream: stream, watermark: 12, tables: tables)
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
        var answers = VerificationAnswers(streams: upward)
        answers.take(upward.map { result(in: $0, [table("sales", 1_200, 1_200)]) })
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
        var answers = VerificationAnswers(streams: [upward[0]])
        let first = result(of: "east", [table("items", 5, 5), table("sales", 3, 2, buckets: [1])])
        answers.take([first])
        #expect(!answers.isComplete)
        let keys = [
            KeyDifference(key: RowKey(["7"]), kind: .onlyAtSender), KeyDifference(key: RowKey(["9"]), kind: .different),
        ]
        let second = result(of: "east", round: 2, [table("sales", 3, 2, keys: keys)])
        answers.take([second.completed(from: first)])
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
        var answers = VerificationAnswers(streams: [upward[0]])
        answers.take([result(of: "east", [table("sales", 3, 0, problem: "there is no such table")])])
        #expect(answers.isComplete)
        let report = VerificationReport(at: head, answers: answers)
        #expect(report.verdict == .incomplete && !report.summary.agree)
        #expect(report.text.hasSuffix("verify: 0 of 1 branches agree, 1 not fully compared"))
        let atBranch = VerificationReport(at: east, answers: answers)
        #expect(atBranch.text.hasSuffix("verify: nothing of east was compared with head; not compared: sales"))
    }

    /// The other office chooses what it says: of what this one sends it can only answer.
    @Test func anAnswerSpeaksOfNothingThatWasNotAsked() {
        var answers = VerificationAnswers(streams: both)
        let forged = [table("price", 2, 2), table("forged", 7, 0, buckets: [1])]
        answers.take(
            [result(in: both[0], [table("sale", 1, 1)]), result(in: both[1], round: 2, forged)], sentBy: .head,
            [TableName("price")])
        #expect(answers.results.map { $0.tables.map(\.name) } == [[TableName("sale")], [TableName("price")]])
        #expect(VerificationReport(at: head, answers: answers).verdict == .agree)
    }

    @Test func aStreamThatIsStoppedMeanwhileIsNotWaitedFor() {
        var answers = VerificationAnswers(streams: both)
        answers.take([result(in: both[0], [table("sale", 1, 1)])])
        #expect(!answers.isOver)
        answers.note(stopped: [both[1]: "another history"])
        #expect(answers.isOver && VerificationReport(at: head, answers: answers).verdict == .stopped)
    }

    @Test func whatABranchDoesNotSpeakOfIsNotCalledCompared() {
        var answers = VerificationAnswers(streams: [upward[0]])
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
        var answers = VerificationAnswers(streams: upward)
        answers.take([result(of: "west", [table("sales", 1, 1)]), result(of: "stranger", [])])
        let report = VerificationReport(at: head, answers: answers)
        #expect(report.verdict == .unanswered)
        #expect(report.text.hasSuffix("east: no answer\nverify: 1 of 2 branches agree"))
        #expect(report.unansweredText(timeout: .seconds(60), nil).hasPrefix("no answer from east after 1m; "))
        #expect(report.summary.unanswered == [OfficeID("east")!])
    }

    @Test func bothDirectionsOfABranchStandTogetherAndAreNamed() {
        var answers = VerificationAnswers(streams: both)
        let keys = [KeyDifference(key: RowKey(["7"]), kind: .onlyAtSender)]
        answers.take([
            result(in: both[0], [table("sale", 3, 3)]),
            result(in: both[1], round: 2, [table("price", 9, 8, keys: keys)]),
        ])
        let lines = """
            east and head, at watermark 12:
              sale (up): 3 rows at east, 3 at head: agree
            head and east, at watermark 12:
              price (down): 9 rows at head, 8 at east: DIFFER
                ["7"] is only at head

            """
        #expect(
            VerificationReport(at: head, answers: answers).text == lines + "verify: 0 of 1 branches agree, 1 differs")
        #expect(
            VerificationReport(at: east, answers: answers).text
                == lines + "verify: east differs from head in 1 of 2 tables")
    }

    @Test func aBranchAgreesOnlyWhereAllOfItsStreamsWereCompared() {
        var answers = VerificationAnswers(streams: both)
        answers.take([result(in: both[0], [table("sale", 3, 3)])])
        let atHead = VerificationReport(at: head, answers: answers)
        #expect(atHead.verdict == .unanswered && !atHead.summary.agree)
        #expect(atHead.summary.unansweredStreams == [both[1]] && atHead.summary.unanswered == [OfficeID("east")!])
        #expect(atHead.text.hasSuffix("east: no answer about head>east\nverify: 0 of 1 branches agree"))
        let atBranch = VerificationReport(at: east, answers: answers)
        #expect(atBranch.text.hasSuffix("verify: east agrees with head, 1 table, 3 rows; not compared: head>east"))
        #expect(atBranch.unansweredText(timeout: .seconds(60), nil).hasPrefix("no answer from the head after 1m; "))
    }

    /// Of the others there are answers, and they are not made to wait.
    @Test func aStoppedStreamIsNotWaitedForAndOutweighsAgreement() {
        var answers = VerificationAnswers(streams: both, stopped: [both[1]: "another history"])
        #expect(!answers.isOver && answers.awaited == [both[0]])
        answers.take([result(in: both[0], [table("sale", 3, 3)])])
        #expect(answers.isOver && !answers.isComplete)
        let report = VerificationReport(at: head, answers: answers)
        #expect(report.verdict == .stopped)
        #expect(report.text.contains("head>east is STOPPED, so nothing was compared: another history; decide with: "))
        #expect(report.stoppedText.hasSuffix("trunkline recover --branch east"))
    }

    @Test func aBranchMaySyncTablesOfOneDirectionAlone() {
        var answers = VerificationAnswers(streams: both)
        answers.take([result(in: both[0], []), result(in: both[1], [table("price", 2, 2)])])
        #expect(VerificationReport(at: head, answers: answers).verdict == .agree)
        answers.take([result(in: both[1], [])])
        #expect(VerificationReport(at: head, answers: answers).verdict == .incomplete, "nothing was compared at all")
    }

    @Test func aTableOfOneDirectionIsNotMissedInTheOther() {
        var answers = VerificationAnswers(streams: both)
        answers.take([
            result(in: both[0], round: 2, [table("sale", 3, 2)]), result(in: both[1], [table("price", 2, 2)]),
        ])
        let report = VerificationReport(at: head, answers: answers.limited(to: [TableName("price")]))
        #expect(report.verdict == .agree && report.summary.results.map(\.stream) == [both[1]])
    }

    @Test func aRepairReplacesWhatItAskedAnew() {
        var first = VerificationAnswers(streams: both)
        first.take([
            result(in: both[0], [table("sale", 3, 3)]),
            result(in: both[1], round: 2, [table("price", 2, 1), table("gone", 1, 0, problem: "no such table")]),
        ])
        #expect(first.differing(in: both).mapValues { $0.map(\.name) } == [both[1]: [TableName("price")]])
        var later = VerificationAnswers(streams: [both[1]])
        #expect(!first.updated(with: later).isComplete, "what was asked anew and not answered is not known")
        later.take([result(in: both[1], [table("price", 2, 2)])])
        #expect(VerificationReport(at: head, answers: first.updated(with: later)).verdict == .agree)
    }
}
