import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct OfficeIDTests {
    @Test(arguments: ["head", "all", "a", "0", "east", "bo-17", "a-", String(repeating: "z", count: 63)])
    func accepts(text: String) { #expect(OfficeID(text)?.description == text) }

    @Test(arguments: [
        "", "-a", "East", "a b", "a.b", "a>b", "a_b", "ä", "a\u{301}", "a\n", "#", "*", "a\0",
        String(repeating: "z", count: 64),
    ])
    func refuses(text: String) { #expect(OfficeID(text) == nil) }

    @Test func headAndAllAreNoBranchNames() throws {
        #expect(OfficeID("head") == .head)
        #expect(OfficeID("all") == .all)
        #expect(!OfficeID.head.isBranchName)
        #expect(!OfficeID.all.isBranchName)
        #expect(try #require(OfficeID("east")).isBranchName)
    }

    @Test func sortsByText() throws {
        let names = ["b", "a-1", "a", "0"].compactMap { OfficeID($0) }
        #expect(names.sorted().map(\.description) == ["0", "a", "a-1", "b"])
    }

    @Test func codesAsAString() throws {
        let east = try #require(OfficeID("east"))
        #expect(String(decoding: try JSONEncoder().encode(east), as: UTF8.self) == #""east""#)
        #expect(try JSONDecoder().decode(OfficeID.self, from: Data(#""east""#.utf8)) == east)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(OfficeID.self, from: Data(#""East""#.utf8)) }
    }
}
