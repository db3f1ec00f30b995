/// A value whose bytes are SQLite's; valid only while it is lent.
enum RawValue {
    case null
    case integer(Int64)
    case real(Double)
    case text(UnsafeBufferPointer<UInt8>)
    case blob(UnsafeBufferPointer<UInt8>)

    var copy: SQLiteValue {
        switch self {
        case .null: .null
        case .integer(let value): .integer(value)
        case .real(let value): .real(value)
        case .text(let bytes): .text(Array(bytes))
        case .blob(let bytes): .blob(Array(bytes))
        }
    }
}

extension SQLiteValue {
    /// Lends the value.
    func withRaw<Result>(_ body: (RawValue) throws -> Result) rethrows -> Result {
        switch self {
        case .null: try body(.null)
        case .integer(let value): try body(.integer(value))
        case .real(let value): try body(.real(value))
        case .text(let bytes): try bytes.withUnsafeBufferPointer { try body(.text($0)) }
        case .blob(let bytes): try bytes.withUnsafeBufferPointer { try body(.blob($0)) }
        }
    }
}
