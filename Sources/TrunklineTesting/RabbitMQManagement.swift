import Foundation

/// The management API of a RabbitMQ server.
struct RabbitMQManagement: Sendable {
    /// `http://user:password@host:port`
    let url: String

    /// - Parameter path: below `/api/`, percent-encoded.
    /// - Returns: the answer's body.
    @discardableResult
    func call(_ method: String, _ path: String, _ body: [String: any Sendable] = [:]) async throws -> String {
        try await onThread { try callBlocking(method, path, body) }
    }

    /// The same for a caller that is not asynchronous.
    @discardableResult
    func callBlocking(_ method: String, _ path: String, _ body: [String: any Sendable] = [:]) throws -> String {
        try callBlocking(
            method, path, json: String(decoding: JSONSerialization.data(withJSONObject: body), as: UTF8.self))
    }

    func callBlocking(_ method: String, _ path: String, json: String) throws -> String {
        // The URL has a password, so it goes by standard input: arguments are there for everybody to read.
        let configuration = """
            url = "\(url)/api/\(path)"
            request = "\(method)"
            header = "content-type: application/json"
            data = "\(json.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))"
            """
        return try Command.run(
            "curl", ["--silent", "--show-error", "--fail-with-body", "--config", "-"], input: configuration)
    }
}
