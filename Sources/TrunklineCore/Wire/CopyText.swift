/// PostgreSQL's COPY text format, the form of row lines on the wire.
///
/// Fields are separated by tabs and lines ended by newlines; `\N` is NULL; backslash, tab, newline,
/// carriage return, backspace, form feed and vertical tab inside a value are escaped with a backslash.
/// Source: https://www.postgresql.org/docs/15/sql-copy.html, «Text Format».
public enum CopyText {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let backslash = UInt8(ascii: "\\")

    /// Appends one field; nil is NULL.
    public static func append(_ value: String?, to line: inout [UInt8]) {
        guard var value else {
            line += [backslash, UInt8(ascii: "N")]
            return
        }
        value.withUTF8 { append(bytes: $0, to: &line) }
    }

    /// Appends one field's UTF-8 bytes, escaped. A NUL byte becomes `\000`, which a SQLite receiver
    /// reads back and a PostgreSQL receiver refuses, as it must.
    public static func append(bytes: UnsafeBufferPointer<UInt8>, to line: inout [UInt8]) {
        line.reserveCapacity(line.count + bytes.count)
        for byte in bytes {
            switch byte {
            case 0: line += [backslash, UInt8(ascii: "0"), UInt8(ascii: "0"), UInt8(ascii: "0")]
            case 0x08: line += [backslash, UInt8(ascii: "b")]
            case 0x09: line += [backslash, UInt8(ascii: "t")]
            case 0x0A: line += [backslash, UInt8(ascii: "n")]
            case 0x0B: line += [backslash, UInt8(ascii: "v")]
            case 0x0C: line += [backslash, UInt8(ascii: "f")]
            case 0x0D: line += [backslash, UInt8(ascii: "r")]
            case backslash: line += [backslash, backslash]
            default: line.append(byte)
            }
        }
    }

    /// Whether what follows a backslash is an escape that senders write: no other one may bring in bytes that are not UTF-8.
    static func isEscape(at index: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        switch bytes[index] {
        case UInt8(ascii: "b"), UInt8(ascii: "t"), UInt8(ascii: "n"), UInt8(ascii: "v"), UInt8(ascii: "f"),
            UInt8(ascii: "r"), UInt8(ascii: "N"), backslash:
            true
        case UInt8(ascii: "0"):
            index + 2 < bytes.count && bytes[index + 1] == UInt8(ascii: "0") && bytes[index + 2] == UInt8(ascii: "0")
        default: false
        }
    }

    /// A line of fields, with its newline.
    public static func line(_ values: [String?]) -> [UInt8] {
        var line: [UInt8] = []
        for (index, value) in values.enumerated() {
            if index > 0 { line.append(tab) }
            append(value, to: &line)
        }
        line.append(newline)
        return line
    }

    /// How many bytes some fields of a line have, as they are written there.
    public static func length(of fields: [Int], in line: some Collection<UInt8>) -> Int {
        var sum = 0
        var index = 0
        for byte in line {
            if byte == tab {
                index += 1
            } else if fields.contains(index) {
                sum += 1
            }
        }
        return sum
    }

    /// The fields of one line (with or without its newline), unescaped; nil is NULL.
    public static func fields(_ line: ArraySlice<UInt8>) -> [String?] {
        var end = line.endIndex
        if end > line.startIndex, line[end - 1] == newline { end -= 1 }
        var fields: [String?] = []
        var start = line.startIndex
        var position = start
        while true {
            if position == end || line[position] == tab {
                fields.append(value(line[start..<position]))
                if position == end { return fields }
                start = position + 1
            }
            position += 1
        }
    }

    /// One field, unescaped; nil when it is `\N`.
    public static func value(_ field: ArraySlice<UInt8>) -> String? {
        guard let bytes = bytes(field) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One field's bytes, unescaped; nil when it is `\N`.
    public static func bytes(_ field: ArraySlice<UInt8>) -> [UInt8]? {
        guard field.contains(backslash) else { return Array(field) }
        if field.count == 2, field.first == backslash, field.last == UInt8(ascii: "N") { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(field.count)
        var rest = field
        while let byte = rest.popFirst() {
            guard byte == backslash, let escaped = rest.popFirst() else {
                result.append(byte)
                continue
            }
            switch escaped {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "v"): result.append(0x0B)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                var code = Int(escaped - UInt8(ascii: "0"))
                for _ in 0..<2 {
                    guard let digit = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { break }
                    code = code * 8 + Int(digit - UInt8(ascii: "0"))
                    rest.removeFirst()
                }
                result.append(UInt8(truncatingIfNeeded: code))
            default: result.append(escaped)
            }
        }
        return result
    }
}
