import Testing
import TrunklineTesting

@testable import TrunklineCore

/// What two changes of one row make together, for thousands of rows that a seed draws.
@Suite struct ColumnMergeTests {
    private static let columns = [
        Column(name: "id", type: "bigint"), Column(name: "name", type: "text"),
        Column(name: "stock", type: "numeric(12,2)"),
        Column(name: "seen", type: "timestamp with time zone"),
    ].map { MergedColumn($0) }
    private static let seeds = 0..<2_000

    private struct Rows {
        var random: SplitMix64

        mutating func row() -> [String?] {
            [
                "1", ["ada", "bob", nil].randomElement(using: &random)!, number(),
                ["2026-01-02 03:04:05+00", "2026-01-02T03:04:05.000Z", nil].randomElement(using: &random)!,
            ]
        }

        mutating func number() -> String {
            let scale = Int.random(in: 0...2, using: &random)
            let whole = Int.random(in: -9_999...9_999, using: &random)
            return scale == 0 ? "\(whole)" : "\(whole)." + String("37".prefix(scale))
        }
    }

    @Test func theOrderOfTwoDifferencesMakesNone() {
        let merge = ColumnMerge(Self.columns, adding: ["stock"])
        for seed in Self.seeds {
            var rows = Rows(random: SplitMix64(seed: UInt64(seed)))
            let base = rows.row()
            var (east, west, north) = (base, base, base)
            (east[2], west[2], north[2]) = (rows.number(), rows.number(), rows.number())
            func sum(_ order: [[String?]]) -> [String?] {
                order.reduce(base) { head, branch in merge.merge(base: base, head: head, branch: branch).image }
            }
            // Commutative and associative: whoever comes first.
            let all = sum([east, west, north])
            for order in [[west, east, north], [north, west, east], [east, north, west]] {
                #expect(merge.isSame(sum(order), all))
            }
            // In two pieces, each measured from the one before.
            let first = merge.merge(base: base, head: base, branch: east).image
            #expect(merge.isSame(merge.merge(base: east, head: first, branch: west).image, west))
        }
    }

    @Test func whatNobodyChangedStays() {
        for seed in Self.seeds {
            var rows = Rows(random: SplitMix64(seed: UInt64(seed)))
            let (base, other) = (rows.row(), rows.row())
            for added in [[], ["stock"]] {
                let merge = ColumnMerge(Self.columns, adding: added)
                // A change that is none, on either side, leaves the other one.
                let head = merge.merge(base: base, head: other, branch: base)
                let branch = merge.merge(base: base, head: base, branch: other)
                #expect(head.open.isEmpty && merge.isSame(head.image, other))
                #expect(branch.open.isEmpty && merge.isSame(branch.image, other))
            }
            // Where columns are taken, the same change twice is one.
            let twice = ColumnMerge(Self.columns).merge(base: base, head: other, branch: other)
            #expect(twice.open.isEmpty && ColumnMerge(Self.columns).isSame(twice.image, other))
        }
    }

    @Test func columnsThatBothChangedAreOpenFromBothSides() {
        let merge = ColumnMerge(Self.columns)
        for seed in Self.seeds {
            var rows = Rows(random: SplitMix64(seed: UInt64(seed)))
            let (base, head, branch) = (rows.row(), rows.row(), rows.row())
            let (one, other) = (
                merge.merge(base: base, head: head, branch: branch), merge.merge(base: base, head: branch, branch: head)
            )
            #expect(one.open == other.open)
            for index in Self.columns.indices where !one.open.contains(index) {
                #expect(merge.isSame([one.image[index]].padded(index), [other.image[index]].padded(index)))
            }
        }
    }

    @Test(arguments: [
        ("10", "7.50", "10.00", "7.50"), ("0.1", "0.2", "0", "0.3"), ("-5", "3", "1", "-3"), ("1", "0", "1", "0"),
        ("99999999999999999999999999", "1", "0", "100000000000000000000000000"), ("1.05", "-1.05", "0.00", "0.00"),
    ])
    func sumsAreExact(head: String, branch: String, base: String, sum: String) {
        let merge = ColumnMerge([MergedColumn(Column(name: "stock", type: "numeric"))], adding: ["stock"])
        #expect(merge.merge(base: [base], head: [head], branch: [branch]).image == [sum])
    }

    @Test(arguments: ["NaN", "1e3", "", "-", ".", "1.2.3", "٣", "0x1"]) func anythingElseIsNoNumber(text: String) {
        #expect(ExactDecimal(text) == nil)
        let merge = ColumnMerge([MergedColumn(Column(name: "stock", type: "text"))], adding: ["stock"])
        #expect(merge.merge(base: ["1"], head: ["2"], branch: [text]).open == [0])
    }
}

extension [String?] {
    /// As a row of which only this column matters.
    fileprivate func padded(_ index: Int) -> [String?] {
        Array(repeating: nil, count: index) + self + Array(repeating: nil, count: 3 - index)
    }
}
