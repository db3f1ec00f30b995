/// How a table of a stream becomes a table of its receiver: what a store looks its own table up by.
///
/// Made from what a batch says of the table and from nothing of its rows, so that a store resolves it once per shape.
public struct TableMapping: Hashable, Sendable {
    /// A column of the receiver that the sender does not have, with one value for all rows of a stream. It stands in front
    /// of the key, since rows of other streams are in the same table.
    public enum Addition: Hashable, Sendable {
        /// The office that the stream comes from.
        case source

        public var column: String {
            switch self {
            case .source: TableMapping.branchColumn
            }
        }

        public func value(in stream: StreamID) -> String {
            switch self {
            case .source: stream.source.description
            }
        }
    }

    public static let branchColumn = "branch_id"

    /// The receiver's table.
    public var target: TableName
    /// As the lines of a batch have them.
    public var columns: [Column]
    /// The sender's.
    public var key: [String]
    public var additions: [Addition]
    public var isAtHead: Bool
    /// As the sender has it.
    public var conflict: String?
    /// For messages to people.
    public var place: String { isAtHead ? "the head" : "the branch" }

    /// At the head each row is stored once per branch and key, but of a shared table; elsewhere as the sender has it.
    public init(_ table: TableHeader, of stream: StreamID) {
        target = table.name
        columns = table.columns
        key = table.key
        isAtHead = stream.destination == .head
        conflict = table.conflict
        additions = isAtHead && !table.isShared ? [.source] : []
    }

    /// Where the rows come from, for messages to people.
    public var origin: String { isAtHead ? "the branch" : "the head" }

    /// What tells the rows of the receiver's table apart.
    public var targetKey: [String] { additions.map(\.column) + key }

    /// Why no row may go where an addition has the name of a column of the sender; nil where none has.
    /// - Parameter isSame: how the receiver's database compares names.
    public func clash(_ isSame: (String, String) -> Bool) -> String? {
        let taken = additions.first { addition in columns.contains { isSame($0.name, addition.column) } }
        return taken.map {
            "table \"\(target)\" has a column \($0.column) of its own, whose name the head needs for the branch; rename it at the branch"
        }
    }
}
