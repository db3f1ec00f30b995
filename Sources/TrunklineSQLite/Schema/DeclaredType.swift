/// A column's declared type, and what it means on the wire and for storage.
///
/// SQLite lets any words stand as a type. A name that ends in `_TEXT` keeps a value as exact text
/// (`DECIMAL_TEXT(12,2)`, `DATE_TEXT`): the letters TEXT give the column text affinity, where
/// `DECIMAL` or `DATE` alone would turn `12.10` into a float and `20210101` into an integer.
struct DeclaredType: Hashable {
    /// Upper case, words separated by one blank.
    let name: String
    /// `(12,2)`, or empty.
    let arguments: String

    init(_ text: String) {
        let open = text.firstIndex(of: "(") ?? text.endIndex
        let close = text.lastIndex(of: ")") ?? text.endIndex
        let after = close < text.endIndex ? text[text.index(after: close)...] : ""
        name = (text[..<open] + " " + after).uppercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        arguments = open < close ? "(" + text[text.index(after: open)..<close].filter { !$0.isWhitespace } + ")" : ""
    }

    /// PostgreSQL's name of the type in which the column travels.
    var wireType: String {
        switch name {
        case "DECIMAL_TEXT", "NUMERIC_TEXT", "NUMERIC", "DECIMAL", "DEC": return "numeric" + precision
        case "BOOLEAN", "BOOL": return "boolean"
        case "DATE", "DATE_TEXT": return "date"
        case "TIME", "TIME_TEXT": return "time without time zone"
        case "DATETIME", "TIMESTAMP", "DATETIME_TEXT", "TIMESTAMP_TEXT", "TIMESTAMP WITHOUT TIME ZONE":
            return "timestamp without time zone"
        case "TIMESTAMPTZ", "TIMESTAMPTZ_TEXT", "TIMESTAMP WITH TIME ZONE": return "timestamp with time zone"
        case "UUID", "UUID_TEXT", "GUID": return "uuid"
        case "JSON", "JSON_TEXT", "JSONB": return "json"
        case "JSONB_TEXT": return "jsonb"
        default: break
        }
        switch affinity {
        case .integer: return "bigint"
        case .real: return "double precision"
        case .blob: return name.isEmpty ? "text" : "bytea"
        case .text, .numeric: return "text"
        }
    }

    /// Precision and scale, if they are such.
    private var precision: String {
        let numbers = arguments.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
        return (1...2).contains(numbers.count) && numbers.allSatisfy({ UInt($0) != nil }) ? arguments : ""
    }

    /// https://www.sqlite.org/datatype3.html#determination_of_column_affinity
    var affinity: Affinity {
        if name.contains("INT") { return .integer }
        if name.contains("CHAR") || name.contains("CLOB") || name.contains("TEXT") { return .text }
        if name.contains("BLOB") || name.isEmpty { return .blob }
        if name.contains("REAL") || name.contains("FLOA") || name.contains("DOUB") { return .real }
        return .numeric
    }

    enum Affinity: Hashable {
        case integer, text, blob, real, numeric

        /// Turns text that looks like a number into one.
        var convertsText: Bool {
            switch self {
            case .integer, .real, .numeric: true
            case .text, .blob: false
            }
        }
    }

    /// The type to declare for values of a wire type, so that they are kept exactly.
    static func declaration(for wireType: String) -> String {
        guard !wireType.hasSuffix("]") else { return "TEXT" }
        let base = wireType.prefix { $0 != "(" && $0 != " " }
        let isZoned = wireType.hasSuffix("with time zone")
        switch base {
        case "bigint": return "BIGINT"
        case "integer": return "INTEGER"
        case "smallint": return "SMALLINT"
        case "double": return "DOUBLE PRECISION"
        case "real": return "REAL"
        case "boolean": return "BOOLEAN"
        case "bytea": return "BLOB"
        case "numeric", "decimal": return "DECIMAL_TEXT" + DeclaredType(wireType).precision
        case "date": return "DATE_TEXT"
        case "time" where !isZoned: return "TIME_TEXT"
        case "timestamp": return isZoned ? "TIMESTAMPTZ_TEXT" : "TIMESTAMP_TEXT"
        case "uuid": return "UUID_TEXT"
        case "json": return "JSON_TEXT"
        case "jsonb": return "JSONB_TEXT"
        default: return "TEXT"
        }
    }
}
