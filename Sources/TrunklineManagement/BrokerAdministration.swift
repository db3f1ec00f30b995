public import TrunklineCore
public import TrunklineHTTP
internal import TrunklineRabbitMQ

/// The branches' users, permissions and queues in one virtual host of a RabbitMQ server.
///
/// Every call may be made again: what is there stays, what is gone is gone.
public struct BrokerAdministration: Sendable {
    private let client: ManagementClient
    private let virtualHost: String

    /// - Parameters:
    ///   - url: of the management API, with an administrator: `https://user:password@host:port`.
    ///   - trust: for an `https` URL.
    public init(
        url: String, virtualHost: String, trust: HTTPCall.Trust = HTTPCall.Trust()
    ) throws(BrokerError) {
        client = try ManagementClient(url: url, trust: trust)
        self.virtualHost = virtualHost
    }

    public func userName(of branch: OfficeID) -> String {
        BranchCredentials.userName(of: branch, virtualHost: virtualHost)
    }

    /// - Throws: when the user exists and is more than a branch's.
    public func userExists(_ name: String) async throws(BrokerError) -> Bool {
        struct User: Decodable {
            var tags: [String]
        }
        guard let user = try await client.get(User.self, ["users", name]) else { return false }
        guard user.tags.isEmpty else {
            throw BrokerError(
                .configuration, operation: "look at user", subject: name,
                reason: "it has the tags \(user.tags.joined(separator: ", ")), so it is no branch's",
                hint: "give the branch another name, or take the tags away")
        }
        return true
    }

    /// Makes the user, or gives it a new password.
    public func setPassword(_ credentials: BranchCredentials) async throws(BrokerError) {
        struct User: Encodable {
            var password: String
            var tags = ""
        }
        try await client.call("PUT", ["users", credentials.user], User(password: credentials.password))
    }

    /// Lets the user do what the branch needs, and nothing else.
    public func grant(_ user: String, _ branch: OfficeID) async throws(BrokerError) {
        struct Limit: Encodable {
            var value: Int
        }
        struct Permission: Encodable {
            var exchange: String?
            var configure: String?
            var write: String
            var read: String
        }
        let permissions = BranchPermissions(branch)
        try await client.call(
            "PUT", ["user-limits", user, "max-connections"], Limit(value: BranchPermissions.maximalConnections))
        try await client.call(
            "PUT", ["user-limits", user, "max-channels"], Limit(value: BranchPermissions.maximalChannels))
        // Before the user may write to the exchange: without it every routing key is allowed.
        for topic in permissions.topics {
            try await client.call(
                "PUT", ["topic-permissions", virtualHost, user],
                Permission(exchange: topic.exchange, write: topic.write, read: topic.read))
        }
        try await client.call(
            "PUT", ["permissions", virtualHost, user],
            Permission(configure: permissions.configure, write: permissions.write, read: permissions.read))
    }

    /// The user can no longer open the virtual host, and its connections are closed.
    public func revoke(_ user: String) async throws(BrokerError) {
        try await client.call("DELETE", ["permissions", virtualHost, user])
        try await closeConnections(of: user)
    }

    public func deleteUser(_ user: String) async throws(BrokerError) {
        try await revoke(user)
        try await client.call("DELETE", ["users", user])
    }

    /// Closes what is open. The broker looks them up where it counts them, so that one of this moment is found too;
    /// the list of all connections knows it only seconds later.
    public func closeConnections(of user: String) async throws(BrokerError) {
        guard try await client.call("DELETE", ["connections", "username", user]) != nil else {
            throw BrokerError(
                .configuration, operation: "close the connections of", subject: user,
                reason: "the broker has no call for it", hint: "RabbitMQ 3.10 or later is needed")
        }
    }

    /// Nothing reaches the head from the branch any more, and nothing is kept for it.
    public func removeQueues(of branch: OfficeID) async throws(BrokerError) {
        let topology = Topology.branch(branch)
        for binding in topology.retiredBindings {
            try await client.call(
                "DELETE",
                ["bindings", virtualHost, "e", binding.exchange, "q", binding.queue, binding.routingKey])
        }
        for queue in topology.queues.map(\.name) {
            try await client.call("DELETE", ["queues", virtualHost, queue])
        }
    }
}
