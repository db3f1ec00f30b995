import Testing

@testable import TrunklineRuntime

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("90s", .seconds(90)), ("5m", .seconds(300)), ("2h", .seconds(7_200)),
        ("1d", .seconds(86_400)), ("1.5s", .milliseconds(1_500)), ("0s", .zero),
    ])
    func parses(text: String, expected: Duration) { #expect(DurationText.parse(text) == expected) }

    @Test(arguments: ["", "s", "90", "-5s", "5 s", "5x", "1.2.3s", ".5s", "5S", "99999999999d", "٣s"])
    func refuses(text: String) { #expect(DurationText.parse(text) == nil) }

    @Test(arguments: [
        (Duration.milliseconds(500), "500ms"), (.seconds(60), "1m"), (.seconds(90), "90s"), (.seconds(3_600), "1h"),
        (.seconds(7 * 86_400), "7d"), (.zero, "0ms"), (.milliseconds(1_500), "1500ms"),
    ])
    func formats(duration: Duration, expected: String) {
        #expect(DurationText.format(duration) == expected)
        #expect(DurationText.parse(expected) == duration)
    }
}
