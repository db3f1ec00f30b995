/// How values of a wire type are written and read here.
enum WireKind: Hashable {
    case integer, decimal, float, boolean, bytes
    /// Every other type: its text, as it is.
    case text

    init(wireType: String) {
        guard !wireType.hasSuffix("]") else {
            self = .text
            return
        }
        switch wireType.prefix(while: { $0 != "(" && $0 != " " }) {
        case "bigint", "integer", "smallint": self = .integer
        case "numeric", "decimal": self = .decimal
        case "double", "real": self = .float
        case "boolean": self = .boolean
        case "bytea": self = .bytes
        default: self = .text
        }
    }
}
