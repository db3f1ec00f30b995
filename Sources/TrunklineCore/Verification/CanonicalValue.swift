/// Brings values that two databases write differently, though they mean the same, to one text, so
/// that their digests agree: `12.50` and `12.5`, `t` and `1`, `2026-01-02T03:04:05Z` and
/// `2026-01-02 03:04:05+00`.
///
/// Every other type is compared by its text. A `json` value that one side reformats is therefore different.
enum CanonicalValue {
    enum Rule: Sendable {
        case asIs, number, float, boolean, timestamp
    }

    static func rule(for type: String) -> Rule {
        let base = type.prefix { $0 != "(" && $0 != "[" && $0 != " " }
        if type.hasSuffix("]") { return .asIs }
        switch base {
        case "numeric", "decimal", "bigint", "integer", "smallint": return .number
        case "double", "real": return .float
        case "boolean": return .boolean
        case "timestamp": return .timestamp
        default: return .asIs
        }
    }

    /// Whether a text may be a value of a column of this type; databases know more of dates and of sizes.
    static func mayHold(_ type: String, _ text: String) -> Bool {
        switch rule(for: type) {
        case .asIs: true
        case .number where type.hasSuffix("int") || type.hasPrefix("integer"): Int64(text) != nil
        case .number: ExactDecimal(text) != nil || ["NaN", "Infinity", "-Infinity"].contains(text)
        case .float: Double(text) != nil
        case .boolean: ["t", "f", "true", "false"].contains(text)
        case .timestamp: text.first?.isNumber ?? false
        }
    }

    /// Whether the field is a number of more digits than are compared.
    static func isBeyondComparison(_ field: ArraySlice<UInt8>) -> Bool {
        guard field.count > VerificationLimit.comparedDigits, let number = number(field) else { return false }
        let digits = number.first == UInt8(ascii: "-") ? number.dropFirst() : number[...]
        return digits.split(separator: UInt8(ascii: ".")).contains { $0.count > VerificationLimit.comparedDigits }
    }

    /// - Parameter field: a field as COPY text writes it, still escaped; not NULL.
    static func apply(_ rule: Rule, to field: ArraySlice<UInt8>) -> [UInt8] {
        switch rule {
        case .asIs: return Array(field)
        case .number: return number(field) ?? Array(field)
        case .float:
            guard let value = Double(String(decoding: field, as: UTF8.self)) else { return Array(field) }
            if let whole = number(Array(value.description.utf8)[...]) { return whole }
            return Array(value.description.utf8)
        case .boolean:
            switch String(decoding: field, as: UTF8.self) {
            case "t", "true", "1": return [UInt8(ascii: "t")]
            case "f", "false", "0": return [UInt8(ascii: "f")]
            default: return Array(field)
            }
        case .timestamp: return timestamp(field)
        }
    }

    /// `+007.500` → `7.5`, `-0.0` → `0`; nil for anything but a plain decimal (NaN, an exponent, other text).
    private static func number(_ field: ArraySlice<UInt8>) -> [UInt8]? {
        var rest = field
        var negative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        let parts = rest.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !rest.isEmpty, rest != [UInt8(ascii: ".")],
            parts.allSatisfy({ $0.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } })
        else { return nil }
        let zero = UInt8(ascii: "0")
        var result = Array(parts[0].drop { $0 == zero })
        if result.isEmpty { result = [zero] }
        if parts.count == 2 {
            var fraction = parts[1]
            while fraction.last == zero { fraction.removeLast() }
            if !fraction.isEmpty { result += [UInt8(ascii: ".")] + fraction }
        }
        return negative && result != [zero] ? [UInt8(ascii: "-")] + result : result
    }

    /// `T` → space; `Z`, `+00:00` → `+00`; trailing zeros of the fraction go.
    private static func timestamp(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var text = Array(field)
        if text.count > 10, text[10] == UInt8(ascii: "T") { text[10] = UInt8(ascii: " ") }
        var zone: [UInt8] = []
        for (suffix, short) in [("Z", "+00"), ("+00:00", "+00"), ("+00", "+00")] where text.hasSuffix(suffix) {
            text.removeLast(suffix.utf8.count)
            zone = Array(short.utf8)
            break
        }
        if text.count > 19, text[19] == UInt8(ascii: ".") {
            while text.last == UInt8(ascii: "0") { text.removeLast() }
            if text.last == UInt8(ascii: ".") { text.removeLast() }
        }
        return text + zone
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ suffix: String) -> Bool {
        suffix.utf8.count <= count && self[(count - suffix.utf8.count)...].elementsEqual(suffix.utf8)
    }
}
