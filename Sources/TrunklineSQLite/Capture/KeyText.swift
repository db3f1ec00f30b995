internal import TrunklineCore

/// The key of a row as the change log holds it: lossless, and equal only for equal values.
///
/// Per key column: an integer or real as SQL writes it (`7`, `1.5`), text as `t` and blob as `b`
/// before hexadecimal digits, NULL as `n`; joined by commas. So keys that a NOCASE collation takes
/// for equal are two keys here, as they are at a receiver.
enum KeyText {
    /// The key as an SQL expression of core functions only.
    /// - Parameter row: what stands before the column's name: `NEW`, `OLD` or a quoted table.
    static func expression(of shape: TableShape, row: String) -> String {
        guard !shape.hasIntegerKey else { return "CAST(\(row).\(TableName.quoted(shape.key[0])) AS TEXT)" }
        return expression(of: shape.key, row: row)
    }

    /// The same of any columns.
    static func expression(of columns: [String], row: String) -> String {
        let parts = columns.map { column in
            let value = "\(row).\(TableName.quoted(column))"
            return """
                CASE typeof(\(value)) WHEN 'text' THEN 't' || hex(CAST(\(value) AS BLOB)) \
                WHEN 'blob' THEN 'b' || hex(\(value)) WHEN 'null' THEN 'n' ELSE quote(\(value)) END
                """
        }
        return parts.count == 1 ? parts[0] : parts.map { "(\($0))" }.joined(separator: " || ',' || ")
    }

    static func text(of values: [SQLiteValue]) -> String {
        values.map { value in
            switch value {
            case .null: "n"
            case .integer(let number): "\(number)"
            case .real(let number): "\(number)"
            case .text(let bytes): "t" + hex(bytes)
            case .blob(let bytes): "b" + hex(bytes)
            }
        }.joined(separator: ",")
    }

    /// As SQLite's `hex` writes it.
    private static func hex(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        HexText.append(bytes, to: &digits)
        return String(decoding: digits, as: UTF8.self).uppercased()
    }

    /// - Returns: nil when the text is not a key of `count` columns.
    static func values(_ text: String, count: Int) -> [SQLiteValue]? {
        let parts = text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard parts.count == count else { return nil }
        var values: [SQLiteValue] = []
        for part in parts {
            guard let value = value(part) else { return nil }
            values.append(value)
        }
        return values
    }

    private static func value(_ part: Substring.UTF8View) -> SQLiteValue? {
        switch part.first {
        case UInt8(ascii: "t"): return HexText.bytes(part.dropFirst()).map(SQLiteValue.text)
        case UInt8(ascii: "b"): return HexText.bytes(part.dropFirst()).map(SQLiteValue.blob)
        case UInt8(ascii: "n"): return part.count == 1 ? .null : nil
        default:
            let number = String(Substring(part))
            return Int64(number).map(SQLiteValue.integer) ?? Double(number).map(SQLiteValue.real)
        }
    }
}
