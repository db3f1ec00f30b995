internal import GRDB
internal import TrunklineCore

/// Writes stored values as fields of COPY text, in the one canonical form of their type.
///
/// SQLite holds anything anywhere, so the stored value decides, not the declared type: one that is no plain value of its
/// type travels as its own text with a mark, so that a strict receiver sets its row aside and nobody coerces it.
enum FieldWriter {
    enum Misfit {
        /// Text or a number that is not exactly a value of the column's type.
        case text
        /// Bytes in a column of another type.
        case blob
        /// Text that is not UTF-8: it cannot travel.
        case notUTF8
    }

    /// The row on which the statement stands, as a line with its newline.
    static func append(_ row: Statement, _ kinds: [WireKind], to line: inout [UInt8]) {
        for (index, kind) in kinds.enumerated() {
            if index > 0 { line.append(UInt8(ascii: "\t")) }
            RawValue.with(row, column: index) { _ = append($0, as: kind, to: &line) }
        }
        line.append(UInt8(ascii: "\n"))
    }

    /// - Returns: what about the value the field alone does not say.
    static func append(_ value: RawValue, as kind: WireKind, to line: inout [UInt8]) -> Misfit? {
        switch value {
        case .null:
            CopyText.append(nil, to: &line)
            return nil
        case .integer(let number): return append(number, as: kind, to: &line)
        case .real(let number): return append(number, as: kind, to: &line)
        case .text(let bytes): return append(bytes, as: kind, to: &line)
        case .blob(let bytes):
            // The backslash of `\x` is a backslash of the value, so COPY text doubles it.
            line.append(contentsOf: #"\\x"#.utf8)
            HexText.append(bytes, to: &line)
            return kind == .bytes ? nil : .blob
        }
    }

    private static func append(_ number: Int64, as kind: WireKind, to line: inout [UInt8]) -> Misfit? {
        let text = String(number)
        switch kind {
        case .boolean where number == 0 || number == 1:
            line.append(number == 1 ? UInt8(ascii: "t") : UInt8(ascii: "f"))
            return nil
        case .integer, .float, .text:
            line.append(contentsOf: text.utf8)
            return nil
        case .decimal(let size):
            line.append(contentsOf: text.utf8)
            return size?.holds(text) ?? true ? nil : .text
        case .boolean, .bytes, .date, .time, .timestamp, .uuid:
            line.append(contentsOf: text.utf8)
            return .text
        }
    }

    private static func append(_ number: Double, as kind: WireKind, to line: inout [UInt8]) -> Misfit? {
        switch kind {
        case .float, .text:
            line.append(contentsOf: DecimalText.shortest(number).utf8)
            return nil
        case .decimal(let size):
            let exact = DecimalText.plain(number)
            guard let size else {
                line.append(contentsOf: exact.utf8)
                return nil
            }
            let scaled = DecimalText.scaled(number, to: size)
            line.append(contentsOf: (scaled ?? exact).utf8)
            return scaled == nil ? .text : nil
        case .integer, .boolean, .bytes, .date, .time, .timestamp, .uuid:
            line.append(contentsOf: DecimalText.shortest(number).utf8)
            return .text
        }
    }

    private static func append(
        _ bytes: UnsafeBufferPointer<UInt8>, as kind: WireKind, to line: inout [UInt8]
    ) -> Misfit? {
        guard isUTF8(bytes) else {
            CopyText.append(bytes: bytes, to: &line)
            return .notUTF8
        }
        if kind != .text, let canonical = CanonicalText.of(bytes, as: kind) {
            line += canonical
            return nil
        }
        CopyText.append(bytes: bytes, to: &line)
        return kind == .text ? nil : .text
    }

    private static func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
    }
}
