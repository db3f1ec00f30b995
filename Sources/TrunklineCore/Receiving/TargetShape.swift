/// What a receiver's table is looked up by: all that a batch says of it but its counts.
public struct TargetShape: Hashable, Sendable {
    public var name: TableName
    public var columns: [Column]
    public var key: [String]
    /// Where `branch_id` stands in front of the key.
    public var isAtHead: Bool

    public init(_ table: TableHeader, _ stream: StreamID) {
        name = table.name
        columns = table.columns
        key = table.key
        isAtHead = stream.destination == .head
    }
}
