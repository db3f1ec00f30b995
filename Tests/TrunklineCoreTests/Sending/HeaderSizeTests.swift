import Testing

@testable import TrunklineCore

struct HeaderSizeTests {
    private func tables(_ count: Int, columns: Int) -> [TableContent] {
        (0..<count).map { number in
            TableContent(
                name: TableName("t\(number)"), key: ["c0"],
                columns: (0..<columns).map { Column(name: "c\($0)", type: "text") }, allNew: false)
        }
    }

    @Test func manyTablesGoInMoreBatches() throws {
        #expect(HeaderSize.fitting(tables(1_000, columns: 3), changes: 5_000) == nil)
        #expect(HeaderSize.fitting(tables(1_001, columns: 3), changes: 5_000) == 1_000)
        #expect(HeaderSize.fitting(tables(20, columns: 1_600), changes: 5_000) == 6)
        #expect(HeaderSize.fitting(tables(1, columns: 20_000), changes: 1) == nil)
    }
}
