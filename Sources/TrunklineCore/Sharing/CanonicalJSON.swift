import FoundationEssentials

/// JSON in one form. The libraries' decoders make a `Double` or a `Decimal` of a number, which tells no more than 38 digits apart;
/// here two numbers are the same where PostgreSQL's `jsonb` takes them for the same.
enum CanonicalJSON {
    /// Deeper than anybody nests, and far from what a thread's stack holds.
    private static let maximalDepth = 64

    /// - Returns: nil when it is none, or nests deeper than 64.
    static func text(_ text: String) -> String? {
        var bytes = Array(text.utf8)[...]
        guard let value = value(&bytes, depth: 0) else { return nil }
        skip(&bytes)
        return bytes.isEmpty ? value : nil
    }

    private static func skip(_ bytes: inout ArraySlice<UInt8>) {
        while let byte = bytes.first, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { bytes.removeFirst() }
    }

    private static func take(_ character: Unicode.Scalar, _ bytes: inout ArraySlice<UInt8>) -> Bool {
        skip(&bytes)
        guard bytes.first == UInt8(ascii: character) else { return false }
        bytes.removeFirst()
        return true
    }

    private static func value(_ bytes: inout ArraySlice<UInt8>, depth: Int) -> String? {
        guard depth < maximalDepth else { return nil }
        skip(&bytes)
        switch bytes.first {
        case UInt8(ascii: "{"): return object(&bytes, depth: depth)
        case UInt8(ascii: "["): return array(&bytes, depth: depth)
        case UInt8(ascii: "\""): return string(&bytes)
        default: return word(&bytes)
        }
    }

    private static func object(_ bytes: inout ArraySlice<UInt8>, depth: Int) -> String? {
        bytes.removeFirst()
        var members: [String: String] = [:]
        if !take("}", &bytes) {
            repeat {
                skip(&bytes)
                guard let name = string(&bytes), take(":", &bytes), let value = value(&bytes, depth: depth + 1) else {
                    return nil
                }
                // The last one counts.
                members[name] = value
            } while take(",", &bytes)
            guard take("}", &bytes) else { return nil }
        }
        let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return "{" + sorted.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
    }

    private static func array(_ bytes: inout ArraySlice<UInt8>, depth: Int) -> String? {
        bytes.removeFirst()
        var values: [String] = []
        if !take("]", &bytes) {
            repeat {
                guard let value = value(&bytes, depth: depth + 1) else { return nil }
                values.append(value)
            } while take(",", &bytes)
            guard take("]", &bytes) else { return nil }
        }
        return "[" + values.joined(separator: ",") + "]"
    }

    /// With its quotes; decoded and written anew, since a character may be written in several ways.
    private static func string(_ bytes: inout ArraySlice<UInt8>) -> String? {
        guard bytes.first == UInt8(ascii: "\"") else { return nil }
        var end = bytes.startIndex + 1
        while end < bytes.endIndex, bytes[end] != UInt8(ascii: "\"") {
            end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < bytes.endIndex else { return nil }
        let literal = bytes[...end]
        bytes = bytes[(end + 1)...]
        guard literal.contains(UInt8(ascii: "\\")) else { return String(decoding: literal, as: UTF8.self) }
        let list = Data("[".utf8) + Data(literal) + Data("]".utf8)
        guard let text = try? JSONDecoder().decode([String].self, from: list).first else { return nil }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// A number, `true`, `false` or `null`.
    private static func word(_ bytes: inout ArraySlice<UInt8>) -> String? {
        let end =
            bytes.firstIndex { [0x20, 0x09, 0x0a, 0x0d].contains($0) || ",]}".utf8.contains($0) } ?? bytes.endIndex
        let word = bytes[..<end]
        bytes = bytes[end...]
        let text = String(decoding: word, as: UTF8.self)
        guard !["true", "false", "null"].contains(text) else { return text }
        return number(text)
    }

    /// Without an exponent, as far as it is one that anybody writes.
    private static func number(_ text: String) -> String? {
        let parts = text.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        let mantissa =
            parts.count == 1 ? text.split(separator: "E", maxSplits: 1, omittingEmptySubsequences: false) : parts
        guard let digits = mantissa.first, !digits.isEmpty else { return nil }
        var plain = String(digits)
        if mantissa.count == 2 {
            guard let exponent = Int(mantissa[1]), abs(exponent) <= 400 else { return text }
            let sign = plain.hasPrefix("-") ? "-" : ""
            let pieces = plain.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
            let fraction = pieces.count == 2 ? pieces[1] : ""
            let zeros = String(repeating: "0", count: 400)
            let all = zeros + pieces[0] + fraction + zeros
            let point = zeros.count + pieces[0].count + exponent
            plain = sign + all.prefix(point) + "." + all.dropFirst(point)
        }
        return String(decoding: CanonicalValue.apply(.number, to: Array(plain.utf8)[...]), as: UTF8.self)
    }
}
