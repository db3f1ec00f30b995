/// The primary key of a row in canonical text: its values in the key's order, each as text (nil: NULL).
///
/// Its one-line form, for a database column and for people, is the JSON array of the values: `["7","Paper"]`.
public struct RowKey: Hashable, Sendable, Codable, CustomStringConvertible {
    public var values: [String?]

    public init(_ values: [String?]) { self.values = values }

    /// In lists of set-aside rows: all rows of a table that takes none.
    public static let wholeTable = RowKey([])
    /// There: all rows of a table that are stored, but for columns that it lacks. No row has such a key.
    public static let wholeTableInPart = RowKey([nil])
    /// Both, as SQL.
    public static let wholeTablesInSQL = "('[]', '[null]')"

    public var isOfWholeTable: Bool { self == .wholeTable || self == .wholeTableInPart }

    /// By the bytes: what Unicode takes for equivalent are two keys to a database.
    public static func == (a: RowKey, b: RowKey) -> Bool {
        a.values.count == b.values.count
            && zip(a.values, b.values).allSatisfy { x, y in
                switch (x, y) {
                case (nil, nil): true
                case (let x?, let y?): x.utf8.elementsEqual(y.utf8)
                case (nil, _?), (_?, nil): false
                }
            }
    }

    public func hash(into hasher: inout Hasher) {
        for value in values { hasher.combine(value.map { Array($0.utf8) }) }
    }

    public init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String?].self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }

    /// A JSON array of strings and nulls. Only `"`, `\` and control characters are escaped, so it is canonical.
    public var description: String {
        "[" + values.map { $0.map(RowKey.jsonString) ?? "null" }.joined(separator: ",") + "]"
    }

    private static func jsonString(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
