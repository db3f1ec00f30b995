/// A value as SQLite stores it, with its storage class.
///
/// Equality is by storage class and bytes, whatever a column's collation or affinity says.
enum SQLiteValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text([UInt8])
    case blob([UInt8])
}
