import FoundationEssentials
import Testing
import TrunklineTesting

@testable import TrunklineCore

@Suite struct TableNameTests {
    @Test(
        arguments: [
            ("sales", nil, "sales"), ("inventory.items", "inventory", "items"), (#""a.b""#, nil, "a.b"),
            (#""a.b".c"#, "a.b", "c"), (#"a."b.c""#, "a", "b.c"), (#""say ""hi""""#, nil, #"say "hi""#),
            (#""plain""#, nil, "plain"), ("Sales", nil, "Sales"), ("Größe", nil, "Größe"),
            ("two words", nil, "two words"),
        ] as [(String, String?, String)])
    func parses(text: String, schema: String?, name: String) {
        #expect(TableName(parsing: text) == TableName(schema: schema, name))
    }

    @Test(arguments: ["", ".", "a.", ".a", "a..b", "a.b.c", #"""#, #""a"#, #""""#, #""a"b"#, #"a"b"#, #""a".""#])
    func refuses(text: String) { #expect(TableName(parsing: text) == nil) }

    @Test(arguments: ["a", "a.b", #"""#, #""""#, ".", "..", #"."."#, " ", "\u{1F9FE}", "ä", "a\tb", "--", "'"])
    func descriptionIsReadBack(part: String) {
        for name in [TableName(part), TableName(schema: part, "t"), TableName(schema: "s", part)] {
            #expect(TableName(parsing: name.description) == name)
        }
    }

    @Test func randomNamesAreReadBack() {
        var generator = SplitMix64(seed: 1)
        let alphabet = Array(#"ab."' \é"#)
        for _ in 0..<2_000 {
            func part() -> String {
                String(
                    (0..<Int.random(in: 1...6, using: &generator)).map { _ in alphabet.randomElement(using: &generator)!
                    })
            }
            let name = Bool.random(using: &generator) ? TableName(schema: part(), part()) : TableName(part())
            #expect(TableName(parsing: name.description) == name)
        }
    }

    @Test(arguments: [("a", #""a""#), (#"a"b"#, #""a""b""#), (#"""#, #""""""#), ("", #""""#)])
    func quotes(identifier: String, expected: String) { #expect(TableName.quoted(identifier) == expected) }

    /// A combining character after a quote makes one `Character` of both; a database still sees the quote.
    @Test(arguments: ["a\"\u{301}; drop", "\"\u{200D}", "\"\u{FE0F}x"])
    func quotesEveryQuoteAScalarHas(identifier: String) {
        let inner = TableName.quoted(identifier).utf8.dropFirst().dropLast()
        #expect(inner.count { $0 == UInt8(ascii: "\"") } == 2)
    }

    /// The dot or the opening quote becomes one `Character` with what follows it.
    @Test(arguments: [TableName(schema: "a", "\u{301}x"), TableName("\u{301}a.b")])
    func partsMayBeginWithACombiningCharacter(name: TableName) {
        #expect(TableName(parsing: name.description) == name)
    }

    @Test func codesAsItsDescription() throws {
        let name = TableName(schema: "a.b", #"c"d"#)
        #expect(try JSONDecoder().decode(TableName.self, from: JSONEncoder().encode(name)) == name)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(TableName.self, from: Data(#""a.""#.utf8)) }
    }
}
