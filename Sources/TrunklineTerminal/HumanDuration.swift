/// Spans of time as people read them.
public enum HumanDuration {
    private static let units: [(name: String, seconds: Int)] = [
        ("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1),
    ]

    /// The two largest units: `3 d 4 h`, `5 min 10 s`, `42 s`; below one second `< 1 s`.
    public static func text(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 1 else { return "< 1 s" }
        guard seconds < 1e12 else { return "ages" }
        let whole = Int(seconds)
        let largest = units.firstIndex { whole >= $0.seconds }!
        let first = units[largest]
        var text = "\(whole / first.seconds) \(first.name)"
        if largest + 1 < units.count {
            let second = units[largest + 1]
            let rest = whole % first.seconds / second.seconds
            if rest > 0 { text += " \(rest) \(second.name)" }
        }
        return text
    }
}
