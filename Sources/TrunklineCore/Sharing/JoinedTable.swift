/// A shared table of a branch, all of whose rows the head has looked at: now the head's may come down.
public struct JoinedTable: Hashable, Sendable, Codable {
    public var name: TableName
    /// Counts how often it began to join.
    public var turn: Int

    public init(name: TableName, turn: Int) {
        self.name = name
        self.turn = turn
    }
}
