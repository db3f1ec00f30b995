internal import TrunklineCore

/// Writes stored values as fields of COPY text.
///
/// The storage class decides, not the declared type: a value that its type does not fit travels as
/// its own text, so that a strict receiver refuses it and nobody coerces it.
enum FieldWriter {
    enum Misfit {
        /// Text or a number in a `bytea` column.
        case text
        /// Bytes in a column of another type.
        case blob
        /// Text that is not UTF-8: it cannot travel.
        case notUTF8
    }

    /// - Returns: what about the value the field alone does not say.
    static func append(_ value: RawValue, as kind: WireKind, to line: inout [UInt8]) -> Misfit? {
        switch value {
        case .null:
            CopyText.append(nil, to: &line)
            return nil
        case .integer(let number):
            if kind == .boolean, number == 0 || number == 1 {
                line.append(number == 1 ? UInt8(ascii: "t") : UInt8(ascii: "f"))
            } else {
                line.append(contentsOf: String(number).utf8)
            }
            return kind == .bytes ? .text : nil
        case .real(let number):
            let text = kind == .decimal ? DecimalText.plain(number) : DecimalText.shortest(number)
            line.append(contentsOf: text.utf8)
            return kind == .bytes ? .text : nil
        case .text(let bytes):
            CopyText.append(bytes: bytes, to: &line)
            guard isUTF8(bytes) else { return .notUTF8 }
            return kind == .bytes ? .text : nil
        case .blob(let bytes):
            // The backslash of `\x` is a backslash of the value, so COPY text doubles it.
            line.append(contentsOf: #"\\x"#.utf8)
            HexText.append(bytes, to: &line)
            return kind == .bytes ? nil : .blob
        }
    }

    private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
    }
}
