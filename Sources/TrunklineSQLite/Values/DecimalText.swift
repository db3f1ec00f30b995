/// Numbers as decimal text.
enum DecimalText {
    /// The shortest text that reads back as the same double; infinities as PostgreSQL writes them.
    static func shortest(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        if value.isNaN { return "NaN" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// The same digits without an exponent: `1e-07` is `0.0000001`.
    static func plain(_ value: Double) -> String {
        let text = shortest(value)
        guard value.isFinite, let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...])
        else { return text }
        let sign = text.hasPrefix("-") ? "-" : ""
        let mantissa = text[..<mark].drop { $0 == "-" }.split(separator: ".")
        let digits = mantissa.joined()
        let point = mantissa[0].count + exponent
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// The decimal of a type's scale that the double stands for: itself, or what a sum of such decimals comes to but for
    /// the last bits (`0.1 + 0.2` is `0.3`); nil when it is another number, or has too many digits.
    static func scaled(_ value: Double, to size: DecimalSize) -> String? {
        let exact = plain(value)
        guard value.isFinite, let normalised = normalised(exact) else { return nil }
        if size.holds(normalised) { return normalised }
        guard size.scale <= 15, abs(value) < 1e15 else { return nil }
        var power = 1.0
        for _ in 0..<size.scale { power *= 10 }
        let whole = (value * power).rounded()
        guard abs(whole) < 1e15, abs(whole / power - value) <= abs(value) * 1e-15 else { return nil }
        let nearest = DecimalText.normalised(plain(whole / power))
        return nearest.flatMap { size.holds($0) ? $0 : nil }
    }

    /// `+007.500` → `7.5`; nil for anything but a plain decimal.
    static func normalised(_ text: String) -> String? {
        var rest = Substring(text)
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest.removeFirst() }
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.contains(where: { !$0.isEmpty }),
            parts.allSatisfy({ $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } })
        else { return nil }
        let whole = parts[0].drop { $0 == "0" }
        var fraction = parts.count == 2 ? parts[1] : ""
        while fraction.last == "0" { fraction.removeLast() }
        if whole.isEmpty && fraction.isEmpty { return "0" }
        return (isNegative ? "-" : "") + (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
    }
}
