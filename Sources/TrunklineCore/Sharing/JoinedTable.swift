/// A shared table of a branch, all of whose rows the head has looked at: now the head's may come down.
public struct JoinedTable: Hashable, Sendable, Codable {
    public var name: TableName
    /// Which time it is that it began to join: by the clock, or one more than the last time, so that it is another one also
    /// after the branch's database was restored.
    public var turn: Int

    public init(name: TableName, turn: Int) {
        self.name = name
        self.turn = turn
    }
}
