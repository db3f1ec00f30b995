import Testing

@testable import TrunklineTerminal

@Suite struct HumanTextTests {
    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-1_000, "-1,000")])
    func numbersAreGrouped(value: Int, expected: String) { #expect(HumanNumber.grouped(value) == expected) }

    @Test func nounsAgree() {
        #expect(HumanNumber.counted(1, "row") == "1 row")
        #expect(HumanNumber.counted(0, "row") == "0 rows")
        #expect(HumanNumber.counted(2, "batch", plural: "batches") == "2 batches")
    }

    @Test(arguments: [
        (0.2, "< 1 s"), (-5, "< 1 s"), (.nan, "< 1 s"), (42, "42 s"), (310, "5 min 10 s"), (3_600, "1 h"),
        (3_660, "1 h 1 min"),
        (273_600, "3 d 4 h"),
    ])
    func durationsHaveTwoUnits(seconds: Double, expected: String) {
        #expect(HumanDuration.text(seconds: seconds) == expected)
    }
}
