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
    /// The routing keys that it may use on an exchange: on each that it may write to.
    public struct Topic: Hashable, Sendable {
        public let exchange: String
        public let write: String
        public let read = "^$"
    }

    public let topics: [Topic]

    /// Of one user, all its connections together: several copies of each service, and a person's commands.
    public static let maximalConnections = 64
    public static let maximalChannels = 256

    public init(_ branch: OfficeID) {
        // An office name has no character that means something in a regular expression.
        write = BranchPermissions.any(of: [Topology.upExchange, Topology.headAcksExchange])
        read = BranchPermissions.any(of: [Topology.acksQueue(of: branch), Topology.changesQueue(of: branch)])
        topics = [
            Topic(exchange: Topology.upExchange, write: "^\(branch)$"),
            Topic(exchange: Topology.headAcksExchange, write: "^\(OfficeID.head)$"),
        ]
    }

    private static func any(of names: [String]) -> String { "^(\(names.map(quoted).joined(separator: "|")))$" }

    private static func quoted(_ name: String) -> String { name.replacing(".", with: "\\.") }
}
