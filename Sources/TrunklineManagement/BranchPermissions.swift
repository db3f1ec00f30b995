public import TrunklineCore
internal import TrunklineRabbitMQ

/// What a branch's user may do at the broker: the least that its services need.
///
/// Source: <https://www.rabbitmq.com/docs/access-control>, the table of operations and permissions.
public struct BranchPermissions: Hashable, Sendable {
    /// Regular expressions over the names of exchanges and queues.
    public let configure = "^$"
    public let write: String
    public let read: String
    /// The routing keys that it may use on ``topicExchange``, which is all that it may write to.
    public let topicWrite: String
    public let topicRead = "^$"
    public let topicExchange = Topology.upExchange

    /// Of one user, all its connections together: several copies of each service, and a person's commands.
    public static let maximalConnections = 64
    public static let maximalChannels = 256

    public init(_ branch: OfficeID) {
        // An office name has no character that means something in a regular expression.
        write = "^\(BranchPermissions.quoted(Topology.upExchange))$"
        read = "^\(BranchPermissions.quoted(Topology.acksQueue(of: branch)))$"
        topicWrite = "^\(branch)$"
    }

    private static func quoted(_ name: String) -> String { name.replacing(".", with: "\\.") }
}
