/// Dates and times that PostgreSQL has and SQLite's own functions do not: infinities, years before the first and beyond
/// 9999, the end of a day. Text in exactly the form in which PostgreSQL writes them, which is how they came.
enum ServerClockText {
    static func of(_ bytes: CanonicalText.Bytes, as kind: WireKind) -> [UInt8]? {
        let text = String(decoding: bytes, as: UTF8.self)
        let isOne =
            switch kind {
            case .date: isInfinite(text) || isBeyond(text) { isDate($0) }
            case .time: text == "24:00:00"
            case .timestamp(let isZoned): isInfinite(text) || isBeyond(text) { isMoment($0, isZoned) }
            default: false
            }
        return isOne ? Array(bytes) : nil
    }

    private static func isInfinite(_ text: String) -> Bool { text == "infinity" || text == "-infinity" }

    /// Before the first year, or behind the last that has four digits.
    private static func isBeyond(_ text: String, _ rest: (Substring) -> Bool) -> Bool {
        let isBefore = text.hasSuffix(" BC")
        let year = text.prefix { $0 != "-" }
        guard isBefore ? (4...6).contains(year.utf8.count) : (5...6).contains(year.utf8.count), isNumber(year),
            let number = Int(year), number > 0
        else { return false }
        return rest(text.dropFirst(year.count + 1).dropLast(isBefore ? 3 : 0))
    }

    /// `MM-DD`
    private static func isDate(_ text: Substring) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && isNumber($0) }) else { return false }
        return (1...12).contains(Int(parts[0])!) && (1...31).contains(Int(parts[1])!)
    }

    /// `MM-DD HH:MM:SS`, with a fraction or without, and `+00` where there is a zone.
    private static func isMoment(_ text: Substring, _ isZoned: Bool) -> Bool {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, isDate(parts[0]) else { return false }
        var clock = parts[1]
        if isZoned {
            guard clock.hasSuffix("+00") else { return false }
            clock = clock.dropLast(3)
        }
        let pieces = clock.split(separator: ".", omittingEmptySubsequences: false)
        guard pieces.count < 3, pieces.count == 1 || (1...6).contains(pieces[1].utf8.count) && isNumber(pieces[1])
        else {
            return false
        }
        let numbers = pieces[0].split(separator: ":", omittingEmptySubsequences: false)
        guard numbers.count == 3, numbers.allSatisfy({ $0.utf8.count == 2 && isNumber($0) }) else { return false }
        return Int(numbers[0])! < 24 && Int(numbers[1])! < 60 && Int(numbers[2])! < 60
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
