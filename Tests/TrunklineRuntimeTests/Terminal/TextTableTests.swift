import Testing

@testable import TrunklineTerminal

@Suite struct TextTableTests {
    @Test func columnsAreAligned() {
        var table = TextTable([.init("STREAM"), .init("PENDING", .right), .init("NOTE")])
        table.add(["east>head", "12,000", "-"])
        table.add(["w>head", "0", ""])
        #expect(
            table.rendered() == """
                STREAM     PENDING  NOTE
                ─────────  ───────  ────
                east>head   12,000  -
                w>head           0

                """)
    }

    @Test func wideCharactersTakeTwoColumns() {
        var table = TextTable([.init("A"), .init("B")])
        table.add(["日本", "x"])
        table.add(["é", "y"])
        #expect(table.rendered().split(separator: "\n").last == "é     y")
    }

    @Test func aLongCellIsCutAndControlCharactersAreShown() {
        var table = TextTable([.init("A", maximalWidth: 8)])
        table.add(["0123456789"])
        table.add(["a\nb\u{1b}[2J"])
        #expect(table.rendered() == "A\n────────\n0123456…\na·b·[2J\n")
    }
}
