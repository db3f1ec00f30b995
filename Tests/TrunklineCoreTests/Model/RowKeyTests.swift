import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct RowKeyTests {
    @Test(
        arguments: [
            ([], "[]"), (["7", "Paper"], #"["7","Paper"]"#), ([nil], "[null]"), (["null"], #"["null"]"#),
            ([""], #"[""]"#),
            ([#"a"b\c"#], #"["a\"b\\c"]"#), (["\n\r\t\u{8}\u{C}"], #"["\n\r\t\b\f"]"#),
            (["\u{1}\u{1F}"], #"["\u0001\u001f"]"#),
            (["\r\n"], #"["\r\n"]"#), (["a/b"], #"["a/b"]"#), (["é\u{1F9FE}"], "[\"é\u{1F9FE}\"]"),
        ] as [([String?], String)])
    func writesCanonicalJSON(values: [String?], expected: String) throws {
        let key = RowKey(values)
        #expect(key.description == expected)
        #expect(try JSONDecoder().decode(RowKey.self, from: Data(expected.utf8)) == key)
    }

    @Test func everyScalarBelowAHundredIsReadBack() throws {
        for code in UInt8(0)...100 {
            let key = RowKey([String(UnicodeScalar(code))])
            #expect(try JSONDecoder().decode(RowKey.self, from: Data(key.description.utf8)) == key)
        }
    }

    /// A database tells them apart; Swift's `String` calls them equal.
    @Test func composedAndDecomposedTextAreDifferentKeys() {
        #expect(RowKey(["\u{E9}"]) != RowKey(["e\u{301}"]))
    }
}
