import FoundationEssentials
import Testing

@testable import TrunklineCore

@Suite struct StreamIDTests {
    @Test(arguments: ["east>head", "head>east", "head>all", "a>b"])
    func roundTrips(text: String) { #expect(StreamID(text)?.description == text) }

    @Test(arguments: ["", ">", "east", "east>", ">head", "east>east", "all>head", "a>b>c", "east > head", "East>head"])
    func refuses(text: String) { #expect(StreamID(text) == nil) }

    @Test func namesItsEnds() throws {
        let stream = try #require(StreamID("east>head"))
        #expect(stream.source.description == "east")
        #expect(stream.destination == .head)
    }

    @Test func codesAsAString() throws {
        let stream = try #require(StreamID("east>head"))
        #expect(try JSONDecoder().decode(StreamID.self, from: JSONEncoder().encode(stream)) == stream)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(StreamID.self, from: Data(#""east""#.utf8)) }
    }
}
