/// What a receiver does with columns of a sender's table that its own table does not have.
public enum NewColumns: String, Hashable, Sendable, Codable, CaseIterable {
    /// They are added to its table: nullable, of the sender's type.
    case add
    /// The rows are stored without them, and kept whole until the table has the columns.
    case keep
    /// The rows are set aside until then.
    case refuse

    /// No column is added to a table of so many: whoever makes up columns without end gets no further.
    public static let mostColumns = 500

    public static func tooMany(of table: TableName) -> String {
        "table \"\(table)\" would have more than \(mostColumns) columns; add them by hand, or name them under leave-out"
    }

    public static func unadded(to table: TableName, reason: String, statement: String) -> String {
        "columns of table \"\(table)\" cannot be added here (\(reason)): \(statement)"
    }
}

/// Columns of a sender's table that the receiver's table does not have.
public struct MissingColumns: Hashable, Sendable {
    public var columns: [Column]
    /// Those of them that the receiver's table computes itself.
    public var generated: Set<String>
    /// Whether Trunkline made the table.
    public var isMade: Bool
    /// What adds them, for people: of many the first ones, whole.
    public var statement: String

    public init(columns: [Column], generated: Set<String>, isMade: Bool, statement: String) {
        self.columns = columns
        self.generated = generated
        self.isMade = isMade
        self.statement = statement
    }

    /// A reason has room for so much.
    private static let statementBytes = 150

    /// - Parameter statements: one a column.
    public static func first(of statements: [String], separator: String) -> String {
        var text = ""
        for (index, statement) in statements.enumerated() {
            let more = index == 0 ? statement : separator + statement
            guard index == 0 || text.utf8.count + more.utf8.count <= statementBytes else {
                return text + " (and \(statements.count - index) more, which are named then)"
            }
            text += more
        }
        return text
    }
}

/// How an office stores what others send, as far as it is otherwise than it comes.
public struct MappingRules: Hashable, Sendable {
    /// By the names of the tables at their senders.
    public var tables: [TableName: RowMapping]
    /// Of all tables that say nothing else; nil: `add` where Trunkline made the table; else `keep` at the head, and `refuse`
    /// at a branch, whose sender has all rows.
    public var newColumns: NewColumns?

    public init(tables: [TableName: RowMapping] = [:], newColumns: NewColumns? = nil) {
        self.tables = tables
        self.newColumns = newColumns
    }
}
