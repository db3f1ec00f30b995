import Testing

@testable import TrunklineTerminal

@Suite struct ProgressLineTests {
    private let half = ProgressLine(
        done: 12_000, total: 50_000, noun: "changes", perSecond: 3_200.4, secondsLeft: 11.9)

    @Test func aPlainLineSaysAll() {
        #expect(half.plain == "12,000 of 50,000 changes  24%  3,200/s  11 s left")
    }

    @Test func theBarFillsTheRoom() {
        #expect(half.bar(width: 72) == "▕████                ▏ " + half.plain)
        #expect(half.bar(width: 200).count == 43 + half.plain.count)
    }

    @Test func aNarrowTerminalGetsTheTextCut() {
        #expect(half.bar(width: 20) == "12,000 of 50,000 cha")
        #expect(half.bar(width: 0) == "")
    }

    @Test func itIsNotDoneBeforeItIsDone() {
        #expect(ProgressLine(done: 99_999, total: 100_000, noun: "changes").plain.hasSuffix("99%"))
        #expect(ProgressLine(done: 0, total: 0, noun: "changes").plain.hasSuffix("100%"))
    }

    @Test func whatHoldsItUpIsShown() {
        let line = ProgressLine(done: 0, total: 5, noun: "changes", note: "broker: refused\nby peer")
        #expect(line.plain == "0 of 5 changes  0%  (broker: refused·by peer)")
    }
}
