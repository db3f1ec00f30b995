import Foundation
import TrunklineCore
internal import TrunklineHTTP

/// Calls of RabbitMQ's management API over HTTP or HTTPS.
struct ManagementClient: Sendable {
    private let base: String
    private let authorization: String
    private let trust: HTTPCall.Trust
    /// `host:port`, for messages to people.
    let address: String

    /// - Parameter url: `https://user:password@host:port`, with a path where the API has a prefix.
    init(url: String, trust: HTTPCall.Trust) throws(BrokerError) {
        guard let parts = URLComponents(string: url), let host = parts.host, let user = parts.user,
            let password = parts.password, !user.isEmpty, parts.query == nil, parts.fragment == nil
        else {
            throw BrokerError(
                .configuration, operation: "read", subject: "broker.management-url",
                reason: "is not a URL with host, user and password",
                hint: "write https://user:password@host:15671, with % and the others as in %25")
        }
        address = host + (parts.port.map { ":\($0)" } ?? "")
        authorization = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
        var bare = parts
        bare.user = nil
        bare.password = nil
        base = bare.string!.last == "/" ? String(bare.string!.dropLast()) : bare.string!
        self.trust = trust
    }

    /// - Parameters:
    ///   - path: below `/api`, a segment an element, not yet encoded.
    ///   - body: sent as JSON; nil: none.
    /// - Returns: the answer's body; nil when there is no such thing (404).
    @discardableResult
    func call(
        _ method: String, _ path: [String], _ body: (any Encodable & Sendable)? = nil
    ) async throws(BrokerError) -> Data? {
        let segments = path.map { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics)! }
        var call = HTTPCall("\(base)/api/\(segments.joined(separator: "/"))")
        (call.method, call.trust) = (method, trust)
        call.headers = ["Authorization: \(authorization)"]
        if let body {
            do {
                call.body = Array(try JSONEncoder().encode(body))
            } catch {
                preconditionFailure("\(error)")
            }
            call.headers.append("Content-Type: application/json")
        }
        let answer: HTTPCall.Answer
        do {
            answer = try await call.answer()
        } catch {
            throw failure(error, method, path)
        }
        let data = Data(answer.body)
        if answer.status == 404 { return nil }
        guard (200..<300).contains(answer.status) else { throw refusal(answer.status, data, method, path) }
        return data
    }

    /// A GET whose answer is JSON.
    func get<Value: Decodable>(_ type: Value.Type, _ path: [String]) async throws(BrokerError) -> Value? {
        guard let data = try await call("GET", path) else { return nil }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw BrokerError(
                .closedByBroker, operation: operation("GET", path), subject: address,
                reason: "the answer is not what RabbitMQ's management API says")
        }
    }

    private func operation(_ method: String, _ path: [String]) -> String {
        "\(method) \(path.joined(separator: "/"))"
    }

    private func failure(_ error: HTTPCallError, _ method: String, _ path: [String]) -> BrokerError {
        if error.isOfTLS {
            return BrokerError(
                .tls, operation: operation(method, path), subject: address, reason: error.reason,
                hint: "check broker.tls.ca-file, and that the certificate is for the host in broker.management-url")
        }
        return BrokerError(
            .unreachable, operation: operation(method, path), subject: address, reason: error.reason,
            hint: "check broker.management-url, and that the plugin rabbitmq_management is enabled")
    }

    private func refusal(_ status: Int, _ data: Data, _ method: String, _ path: [String]) -> BrokerError {
        struct Answer: Decodable {
            var reason: String?
        }
        let reason = (try? JSONDecoder().decode(Answer.self, from: data))?.reason ?? "no reason given"
        guard status == 401 || status == 403 else {
            return BrokerError(
                .closedByBroker, operation: operation(method, path), subject: address,
                reason: "HTTP \(status): \(reason)")
        }
        return BrokerError(
            .accessRefused, operation: operation(method, path), subject: address, reason: "HTTP \(status): \(reason)",
            hint: "check user and password in broker.management-url; the user must have the tag administrator")
    }
}
