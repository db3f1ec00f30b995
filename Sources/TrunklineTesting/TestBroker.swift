import Foundation

/// A virtual host of its own on the tests' RabbitMQ; deleted when the value is released.
public final class TestBroker: Sendable {
    public let virtualHost = "test-\(UUID().uuidString.lowercased())"
    /// `amqp://` URL of the virtual host, with the server's administrator.
    public let url: String
    /// `http://` URL of the management API, with the same user.
    public let managementURL: String
    private let management: RabbitMQManagement

    /// On the server that `scripts/test` started.
    public convenience init() async throws {
        try await self.init(
            server: TestEnvironment.brokerURL.value(), management: TestEnvironment.brokerManagement.value())
    }

    /// - Parameters:
    ///   - server: `amqp://user:password@host:port/` of an administrator.
    ///   - management: `http://user:password@host:port` of the management API.
    public init(server: String, management: String) async throws {
        guard let parts = URLComponents(string: server), let user = parts.user else {
            throw TestFailure("not an AMQP URL with a user")
        }
        url = try Self.url(server, user: nil, virtualHost: virtualHost)
        managementURL = management
        self.management = RabbitMQManagement(url: management)
        try await self.management.call("PUT", "vhosts/\(virtualHost)")
        try await grant(user, configure: ".*", write: ".*", read: ".*")
    }

    deinit {
        _ = try? management.callBlocking("DELETE", "vhosts/\(virtualHost)")
        for name in (try? usersOfBranches()) ?? [] { _ = try? management.callBlocking("DELETE", "users/\(name)") }
    }

    /// Makes a user that may do the given things in this virtual host, and returns its URL.
    ///
    /// Users belong to the whole server: a user of this name has the same password in every test.
    /// - Parameters: regular expressions over exchange and queue names; an empty one allows nothing.
    public func addUser(
        _ name: String, configure: String = ".*", write: String = ".*", read: String = ".*"
    ) async throws -> String {
        let password = "password-of-\(name)"
        try await management.call("PUT", "users/\(name)", ["password": password, "tags": ""])
        try await grant(name, configure: configure, write: write, read: read)
        return try Self.url(url, user: (name, password), virtualHost: virtualHost)
    }

    /// Makes a user without any permission in this virtual host, and returns its URL.
    public func addStranger(_ name: String) async throws -> String {
        let url = try await addUser(name)
        try await management.call("DELETE", "permissions/\(virtualHost)/\(name)")
        return url
    }

    /// How many connections the virtual host has.
    public func connectionCount() async throws -> Int { try await connectionNames().count }

    /// Closes every connection of the virtual host, as an operator would; waits until there is one to close.
    public func closeConnections() async throws {
        try await eventually("a connection to close") {
            let names = try await connectionNames()
            for name in names { try await management.call("DELETE", "connections/\(name)") }
            return !names.isEmpty
        }
    }

    /// Publishes a message with a header whose value is so many arrays in each other.
    public func publishNested(_ depth: Int, to queue: String) async throws {
        let nested = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let json = """
            {"properties": {"headers": {"x": \(nested)}}, "routing_key": "\(queue)", "payload": "", "payload_encoding": "string"}
            """
        _ = try await onThread { [management, virtualHost] in
            try management.callBlocking("POST", "exchanges/\(virtualHost)/amq.default/publish", json: json)
        }
    }

    public func deleteQueue(_ name: String) async throws {
        try await management.call("DELETE", "queues/\(virtualHost)/\(name)")
    }

    /// Limits what each queue holds, by a policy of the virtual host; nil: takes the limit back.
    public func limitQueues(bytes: Int?) async throws {
        let path = "policies/\(virtualHost)/limit"
        guard let bytes else {
            try await management.call("DELETE", path)
            return
        }
        try await management.call(
            "PUT", path, ["pattern": ".*", "definition": ["max-length-bytes": bytes], "apply-to": "queues"])
    }

    /// Declares a durable classic queue, which is none of ours.
    public func declareClassicQueue(_ name: String) async throws {
        try await management.call("PUT", "queues/\(virtualHost)/\(name)", ["durable": true])
    }

    /// The `url` for another user and virtual host.
    private static func url(
        _ url: String, user: (name: String, password: String)?, virtualHost: String
    ) throws -> String {
        guard var parts = URLComponents(string: url) else { throw TestFailure("not an AMQP URL") }
        if let user { (parts.user, parts.password) = (user.name, user.password) }
        parts.path = "/\(virtualHost)"
        guard let result = parts.string else { throw TestFailure("not an AMQP URL") }
        return result
    }

    private func grant(_ user: String, configure: String, write: String, read: String) async throws {
        try await management.call(
            "PUT", "permissions/\(virtualHost)/\(user)", ["configure": configure, "write": write, "read": read])
    }

    /// Those that `trunkline branch add` made for this virtual host: users belong to the whole server.
    private func usersOfBranches() throws -> [String] {
        let json = try management.callBlocking("GET", "users?columns=name")
        let rows = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: String]] ?? []
        return rows.compactMap { $0["name"] }.filter { $0.hasPrefix("trunkline.\(virtualHost).") }
    }

    /// From now on the broker throws a message away that was given back more often than this.
    public func setDeliveryLimit(_ limit: Int) async throws {
        let definition: [String: any Sendable] = ["delivery-limit": limit]
        try await management.call(
            "PUT", "policies/\(virtualHost)/limit",
            ["pattern": "^trunkline\\.(head|branch)", "definition": definition, "apply-to": "queues"])
    }

    /// How many messages a queue holds.
    public func messageCount(_ queue: String) async throws -> Int {
        let json = try await management.call("GET", "queues/\(virtualHost)/\(queue)?columns=messages")
        return (try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Int])?["messages"] ?? 0
    }

    /// The names of the queues.
    public func queues() async throws -> Set<String> {
        let json = try await management.call("GET", "queues/\(virtualHost)?columns=name")
        let rows = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: String]] ?? []
        return Set(rows.compactMap { $0["name"] })
    }

    private func connectionNames() async throws -> [String] {
        let json = try await management.call("GET", "vhosts/\(virtualHost)/connections?columns=name")
        let rows = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: String]] ?? []
        return rows.compactMap { $0["name"]?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) }
    }
}
