/// How values of a wire type are written and read here.
enum WireKind: Hashable {
    case integer, float, boolean, bytes
    case decimal(DecimalSize?)
    case date, time
    case timestamp(isZoned: Bool)
    case uuid
    /// Every other type: its text, as it is.
    case text

    var isDecimal: Bool {
        if case .decimal = self { true } else { false }
    }

    init(wireType: String) {
        guard !wireType.hasSuffix("]") else {
            self = .text
            return
        }
        let isZoned = wireType.hasSuffix("with time zone")
        switch wireType.prefix(while: { $0 != "(" && $0 != " " }) {
        case "bigint", "integer", "smallint": self = .integer
        case "numeric", "decimal": self = .decimal(DecimalSize(wireType: wireType))
        case "double", "real": self = .float
        case "boolean": self = .boolean
        case "bytea": self = .bytes
        case "date": self = .date
        case "time" where !isZoned: self = .time
        case "timestamp": self = .timestamp(isZoned: isZoned)
        case "uuid": self = .uuid
        default: self = .text
        }
    }
}
