/// What the header of a batch says of one table.
public struct TableHeader: Hashable, Sendable, Codable {
    public var name: TableName
    /// The key's columns, in the key's order; each is one of `columns`.
    public var key: [String]
    /// The columns of each row line, in their order.
    public var columns: [Column]
    /// Row lines, and their length in bytes with the newlines.
    public var rows: Int
    public var rowBytes: Int
    /// Delete lines (the key's fields only), and their length in bytes with the newlines.
    public var deletes: Int
    public var deleteBytes: Int
    /// The sender believes that the receiver has none of these rows. A hint for the fast path, not a promise.
    public var allNew: Bool
    /// Values whose storage class does not fit the column's type (SQLite allows that).
    public var misfits: [Misfit]?

    public init(
        name: TableName, key: [String], columns: [Column], rows: Int, rowBytes: Int, deletes: Int,
        deleteBytes: Int, allNew: Bool, misfits: [Misfit]? = nil
    ) {
        self.name = name
        self.key = key
        self.columns = columns
        self.rows = rows
        self.rowBytes = rowBytes
        self.deletes = deletes
        self.deleteBytes = deleteBytes
        self.allNew = allNew
        self.misfits = misfits
    }
}

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
