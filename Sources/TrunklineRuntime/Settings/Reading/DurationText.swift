/// Durations as people write them in a configuration: `500ms`, `90s`, `5m`, `2h`, `1d`.
public enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// - Returns: nil for anything but digits (with a fraction, if you like) and one unit.
    public static func parse(_ text: String) -> Duration? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let unit = units.first(where: { $0.suffix == text.dropFirst(number.count) }),
            number.first?.isNumber == true, let value = Double(number), value < 1e9
        else { return nil }
        return .milliseconds(Int64((value * Double(unit.milliseconds)).rounded()))
    }

    /// In the largest unit that needs no fraction; finer than a millisecond is dropped.
    public static func format(_ duration: Duration) -> String {
        let milliseconds = duration / .milliseconds(1)
        let whole = Int64(milliseconds)
        let unit = units.last { whole % $0.milliseconds == 0 && whole >= $0.milliseconds } ?? units[0]
        return "\(whole / unit.milliseconds)\(unit.suffix)"
    }
}
