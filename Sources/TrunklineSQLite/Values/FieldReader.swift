internal import TrunklineCore

/// Reads fields of COPY text as values to store.
enum FieldReader {
    /// A value that cannot be stored as it is.
    struct Refusal: Error {
        var reason: String
    }

    /// - Parameters:
    ///   - field: unescaped; nil is NULL.
    ///   - misfit: what the sender says of the value's storage class; nil: it fits its type.
    ///   - affinity: of the column that takes the value.
    static func value(
        _ field: [UInt8]?, as kind: WireKind, misfit: String?, into affinity: DeclaredType.Affinity
    ) throws(Refusal) -> SQLiteValue {
        guard let field else { return .null }
        if misfit == "blob" || (kind == .bytes && misfit == nil) {
            guard field.starts(with: #"\x"#.utf8), let bytes = HexText.bytes(field.dropFirst(2)) else {
                throw Refusal(reason: "the bytes are not written as \\x and hexadecimal digits")
            }
            return .blob(bytes)
        }
        let value = affinity == .text ? .text(field) : typed(field, as: kind)
        return try exact(value, kind, affinity)
    }

    /// The value of a key's part that is written in canonical text.
    static func key(_ text: String?, as kind: WireKind) -> SQLiteValue {
        guard let text else { return .null }
        if kind == .bytes, text.hasPrefix("\\x"), let bytes = HexText.bytes(text.utf8.dropFirst(2)) {
            return .blob(bytes)
        }
        return typed(Array(text.utf8), as: kind)
    }

    /// Text that does not read as its type stays text.
    private static func typed(_ field: [UInt8], as kind: WireKind) -> SQLiteValue {
        let text = String(decoding: field, as: UTF8.self)
        switch kind {
        case .integer: return Int64(text).map(SQLiteValue.integer) ?? .text(field)
        case .float:
            switch text {
            case "Infinity": return .real(.infinity)
            case "-Infinity": return .real(-.infinity)
            // SQLite has no NaN: it would store NULL.
            case "NaN": return .text(field)
            default: return Double(text).map(SQLiteValue.real) ?? .text(field)
            }
        case .boolean:
            switch text {
            case "t", "true": return .integer(1)
            case "f", "false": return .integer(0)
            default: return .text(field)
            }
        case .decimal, .bytes, .date, .time, .timestamp, .uuid, .text: return .text(field)
        }
    }

    /// Refuses what the column's affinity would change: `0123` or `12345678901234567.89` as a number.
    private static func exact(
        _ value: SQLiteValue, _ kind: WireKind, _ affinity: DeclaredType.Affinity
    ) throws(Refusal) -> SQLiteValue {
        switch (value, affinity) {
        case (.integer(let number), .real) where Int64(exactly: Double(number)) != number:
            throw Refusal(reason: "the integer does not fit a column of affinity REAL")
        case (.text(let field), .integer), (.text(let field), .real), (.text(let field), .numeric):
            let text = String(decoding: field, as: UTF8.self)
            guard let stored = asNumber(text, affinity), !isSame(text, stored, kind) else { return value }
            throw Refusal(
                reason:
                    "the column's declared type would change the value; declare it so that it keeps text, such as DECIMAL_TEXT"
            )
        default: return value
        }
    }

    /// The text that a number would be written back as, after the affinity made one of it.
    private static func asNumber(_ text: String, _ affinity: DeclaredType.Affinity) -> String? {
        let trimmed = text.trimmed
        guard trimmed.utf8.contains(where: { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            trimmed.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) })
        else { return nil }
        if affinity != .real, let number = Int64(trimmed) { return String(number) }
        guard let number = Double(trimmed), number.isFinite || trimmed.utf8.count > 1 else { return nil }
        return DecimalText.plain(number)
    }

    private static func isSame(_ text: String, _ stored: String, _ kind: WireKind) -> Bool {
        switch kind {
        case .decimal, .integer, .float:
            guard let normalised = DecimalText.normalised(text) else { return false }
            return normalised == DecimalText.normalised(stored)
        case .boolean, .bytes, .date, .time, .timestamp, .uuid, .text: return text == stored
        }
    }
}

extension String {
    /// Without the blanks at both ends that SQLite overlooks when it reads a number.
    fileprivate var trimmed: Substring {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
