/// One value whose text alone would be read as something else: text in a `bytea` column, or bytes
/// in a column of another type. A receiver that cannot store it as it is sets the row aside.
public struct Misfit: Hashable, Sendable, Codable {
    /// Zero-based index of the row line.
    public var row: Int
    public var column: String
    /// `text` or `blob`: what the value is at the sender. A `blob` travels as `\x` and hex digits.
    public var storage: String

    public init(row: Int, column: String, storage: String) {
        self.row = row
        self.column = column
        self.storage = storage
    }
}
