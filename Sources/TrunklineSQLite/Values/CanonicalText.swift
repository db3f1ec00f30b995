/// The one text in which a value of a type travels, for texts that can mean nothing else.
///
/// Nil from any of these: the text is not plainly a value of its type, so nobody may guess which one it is.
enum CanonicalText {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    static func of(_ bytes: Bytes, as kind: WireKind) -> [UInt8]? {
        switch kind {
        case .date: ClockText(bytes)?.dateOnly ?? ServerClockText.of(bytes, as: kind)
        case .time: ClockText(time: bytes)?.time ?? ServerClockText.of(bytes, as: kind)
        case .timestamp(let isZoned):
            ClockText(bytes).flatMap { isZoned ? $0.utc : $0.local } ?? ServerClockText.of(bytes, as: kind)
        case .uuid: uuid(bytes)
        case .decimal(let size): decimal(bytes, size)
        case .boolean: boolean(bytes)
        // SQLite has no number for the first, and writes the others so.
        case .float: ["NaN", "Infinity", "-Infinity"].contains { bytes.elementsEqual($0.utf8) } ? Array(bytes) : nil
        case .integer, .bytes: nil
        case .text: Array(bytes)
        }
    }

    /// `12.10` stays as it is; a plus, leading zeros, and zeros that the scale has no room for go.
    private static func decimal(_ bytes: Bytes, _ size: DecimalSize?) -> [UInt8]? {
        let text = String(decoding: bytes, as: UTF8.self)
        if text == "NaN" || (size == nil && ["Infinity", "-Infinity"].contains(text)) { return Array(bytes) }
        guard let plain = DecimalText.normalised(text), size?.holds(plain) ?? true else { return nil }
        guard let point = bytes.firstIndex(of: UInt8(ascii: ".")) else { return Array(plain.utf8) }
        let digits = bytes.count - point - 1
        let wanted = min(digits, size?.scale ?? digits)
        let present = plain.utf8.firstIndex(of: UInt8(ascii: ".")).map {
            plain.utf8.distance(from: $0, to: plain.utf8.endIndex) - 1
        }
        let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: max(0, wanted - (present ?? 0)))
        return Array(plain.utf8) + (present == nil && !zeros.isEmpty ? [UInt8(ascii: ".")] : []) + zeros
    }

    private static func boolean(_ bytes: Bytes) -> [UInt8]? {
        if ["t", "true"].contains(where: { bytes.elementsEqual($0.utf8) }) { return [UInt8(ascii: "t")] }
        if ["f", "false"].contains(where: { bytes.elementsEqual($0.utf8) }) { return [UInt8(ascii: "f")] }
        return nil
    }

    /// 32 digits of either case, with or without the four hyphens, with or without braces.
    private static func uuid(_ bytes: Bytes) -> [UInt8]? {
        var text = Array(bytes)
        if text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}"), text.count > 2 {
            text = Array(text[1..<(text.count - 1)])
        }
        let hyphens = [8, 13, 18, 23]
        if text.count == 36, hyphens.allSatisfy({ text[$0] == UInt8(ascii: "-") }) {
            for position in hyphens.reversed() { text.remove(at: position) }
        }
        guard text.count == 32, let value = HexText.bytes(text) else { return nil }
        var result: [UInt8] = []
        HexText.append(value, to: &result)
        for position in hyphens { result.insert(UInt8(ascii: "-"), at: position) }
        return result
    }
}
