import Testing

@testable import TrunklineCore

/// In what two tables differ, and how much is told of it.
struct TableDifferenceTests {
    @Test(arguments: [
        ("integer", "bigint", false), ("numeric(10,2)", "numeric(12,2)", true), ("numeric", "numeric(12,2)", false),
        ("character varying(20)", "text", false), ("character varying(20)", "character varying(30)", true),
        ("text", "integer", true), ("boolean", "text", true),
        ("timestamp with time zone", "timestamp without time zone", false),
    ]) func typesThatHoldOtherValues(_ given: (String, String, Bool)) {
        #expect(TableDifference.differ(given.0, given.1) == given.2)
    }

    @Test func soMuchIsTold() throws {
        let names = (0..<300).map { TableName("t\(String(1_000 + $0))") }
        let found = names.map { TableDifference(name: $0, notStored: (0..<15).map { "c\($0)" }, notSent: []) }
        let told = try [TableDifference]().noting(found, number: 1) { 5 }
        #expect(told.count == TableDifference.mostColumns / 15 && told[0].since == 5)
    }
}
