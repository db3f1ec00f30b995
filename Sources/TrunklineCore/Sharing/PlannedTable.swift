/// A table that a branch is about to share: the head's rows may be compared with it, and nothing is stored in it.
public struct PlannedTable: Hashable, Sendable, Codable {
    public var name: TableName
    /// ``ConflictPolicy/description``.
    public var policy: String

    public init(name: TableName, policy: String) {
        self.name = name
        self.policy = policy
    }
}
