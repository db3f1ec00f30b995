/// In a claim: the sender wants the rows back that a recovery kept at the receiver, since it lost its own of these keys, or
/// put them aside.
public struct ReturnsClaim: Hashable, Sendable, Codable {
    /// Serials of kept rows that the sender has stored since it asked before: the receiver keeps them no longer.
    public var taken: [Int64]
    /// The tables whose rows it takes, parents before their children.
    public var tables: [Table]

    public struct Table: Hashable, Sendable, Codable {
        public var name: TableName
        public var key: [String]
        public var columns: [Column]
        /// Only kept rows with a higher serial are wanted.
        public var after: Int64

        public init(name: TableName, key: [String], columns: [Column], after: Int64) {
            self.name = name
            self.key = key
            self.columns = columns
            self.after = after
        }

        /// As a batch would say the table.
        public var header: TableHeader {
            TableHeader(
                name: name, key: key, columns: columns, rows: 0, rowBytes: 0, deletes: 0, deleteBytes: 0, allNew: false)
        }
    }

    public init(taken: [Int64], tables: [Table]) {
        self.taken = taken
        self.tables = tables
    }
}

/// How much goes back to a sender at once, so that an ack fits into its queue, whatever the rows are.
public enum ReturnLimit {
    /// Kept rows that one page looks at.
    public static let rows = 2_000
    /// Of all lines of a page; a single larger one goes alone.
    public static let pageBytes = 4 << 20
    /// A larger row is not returned.
    public static let rowBytes = 8 << 20
}
