import Testing
import TrunklineCore

struct SafeTextTests {
    private let hostile = "\u{9b}31m\u{202e}abc\u{1b}[2J\u{85}\u{2028}\u{200b}\n"

    @Test func nothingMovesTheCursorOrTurnsTheText() {
        #expect(SafeText.oneLine(hostile) == "·31m·abc·[2J····")
        // Scripts and emoji need these.
        let plain = "Größe 寿司 می\u{200c}خواهم 👩\u{200d}🍳"
        #expect(SafeText.oneLine(plain) == plain && SafeText.json(plain) == plain)
    }

    @Test func theSameJSONIsEscaped() {
        #expect(SafeText.json("{\n\"a\":\"\u{202e}\u{9b}ä\"\n}") == "{\n\"a\":\"\\u202e\\u009bä\"\n}")
    }
}
