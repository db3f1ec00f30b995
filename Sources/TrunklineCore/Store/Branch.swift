/// A branch as the head knows it.
public struct Branch: Hashable, Sendable, Codable {
    public var id: OfficeID
    /// The only user of the broker that may speak for the branch.
    public var brokerUser: String
    /// Whether the head refuses what the branch sends.
    public var isSuspended: Bool

    public init(id: OfficeID, brokerUser: String, isSuspended: Bool = false) {
        self.id = id
        self.brokerUser = brokerUser
        self.isSuspended = isSuspended
    }
}

extension StoreError {
    /// One user for two branches: each could speak for the other.
    public static func userTaken(_ brokerUser: String, branch: OfficeID) -> StoreError {
        StoreError(
            .configuration, operation: "add branch", subject: branch.description,
            reason: "broker user \"\(brokerUser)\" speaks for another branch",
            hint: "give each branch a user of its own")
    }
}
