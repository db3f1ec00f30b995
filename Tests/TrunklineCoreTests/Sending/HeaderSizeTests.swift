import Testing

@testable import TrunklineCore

struct HeaderSizeTests {
    private func tables(_ count: Int, columns: Int, misfits: Int = 0) -> [TableContent] {
        (0..<count).map { number in
            var table = TableContent(
                name: TableName("t\(number)"), key: ["c0"],
                columns: (0..<columns).map { Column(name: "c\($0)", type: "text") }, allNew: false)
            table.misfits = (0..<misfits).map { Misfit(row: $0, column: "c0", storage: "text") }
            return table
        }
    }

    /// They are decided over in one transaction of the receiver.
    @Test(arguments: [(5_000, nil), (5_001, 5_000), (150_000, 5_000)] as [(Int, Int?)])
    func manyLinesOfSharedTablesGoInMoreBatches(lines: Int, fitting: Int?) {
        var shared = tables(1, columns: 2)
        #expect(HeaderSize.fitting(shared, changes: lines) == nil)
        (shared[0].conflict, shared[0].rowCount, shared[0].deleteCount) = ("manual", lines - 1, 1)
        #expect(HeaderSize.fitting(shared, changes: lines) == fitting)
    }

    @Test func manyTablesGoInMoreBatches() throws {
        #expect(HeaderSize.fitting(tables(1_000, columns: 3), changes: 5_000) == nil)
        #expect(HeaderSize.fitting(tables(1_001, columns: 3), changes: 5_000) == 1_000)
        let wide = try #require(HeaderSize.fitting(tables(20, columns: 1_600), changes: 5_000))
        #expect((5...15).contains(wide))
        let ill = try #require(HeaderSize.fitting(tables(1, columns: 20, misfits: 85_000), changes: 5_000))
        #expect((500...1_500).contains(ill))
        #expect(HeaderSize.fitting(tables(1, columns: 20_000), changes: 1) == nil)
    }
}
