import Testing
import TrunklineCore

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("ulr", "url", 1), ("", "abc", 3), ("same", "same", 0), ("kitten", "sitting", 3), ("ca", "abc", 3),
    ])
    func distanceCountsSlips(a: String, b: String, expected: Int) { #expect(Suggestion.distance(a, b) == expected) }

    @Test func onlyANearNameIsSuggested() {
        #expect(Suggestion.nearest(to: "broker.ulr", among: ["broker.url", "database.url"]) == "broker.url")
        #expect(Suggestion.nearest(to: "BATCH.ROWS", among: ["batch.rows"]) == "batch.rows")
        #expect(Suggestion.nearest(to: "zebra", among: ["tables", "batch.rows"]) == nil)
    }
}
