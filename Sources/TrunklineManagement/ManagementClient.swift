import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import TrunklineCore

/// Calls of RabbitMQ's management API over HTTP or HTTPS.
struct ManagementClient: Sendable {
    private let base: String
    private let authorization: String
    private let configuration: HTTPClient.Configuration
    /// `host:port`, for messages to people.
    let address: String

    private static let timeout = TimeAmount.seconds(30)
    /// The longest answer that is read.
    private static let mostBytes = 16 << 20

    /// - Parameter url: `https://user:password@host:port`, with a path where the API has a prefix.
    init(url: String, tls: ManagementTLS) throws(BrokerError) {
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
        // The password goes to the host that it was meant for, and to no other.
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls.configuration, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10), read: Self.timeout))
        configuration.httpVersion = .http1Only
        // Whoever calls says what is wrong, at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        self.configuration = configuration
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
        let (status, data): (HTTPResponseStatus, Data)
        do {
            var request = HTTPClientRequest(url: "\(base)/api/\(segments.joined(separator: "/"))")
            request.method = HTTPMethod(rawValue: method)
            request.headers.add(name: "Authorization", value: authorization)
            if let body {
                request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
                request.headers.add(name: "Content-Type", value: "application/json")
            }
            (status, data) = try await answer(to: request)
        } catch {
            throw failure(error, method, path)
        }
        if status == .notFound { return nil }
        guard (200..<300).contains(status.code) else { throw refusal(status.code, data, method, path) }
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

    /// A connection a call: they are few, and nothing stays open that somebody would have to close.
    private func answer(to request: HTTPClientRequest) async throws -> (HTTPResponseStatus, Data) {
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let response = try await client.execute(request, timeout: Self.timeout)
            let body = try await response.body.collect(upTo: Self.mostBytes)
            try await client.shutdown()
            return (response.status, Data(body.readableBytesView))
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    private func operation(_ method: String, _ path: [String]) -> String {
        "\(method) \(path.joined(separator: "/"))"
    }

    private func failure(_ error: any Error, _ method: String, _ path: [String]) -> BrokerError {
        if let reason = ManagementTLS.refusal(error) {
            return BrokerError(
                .tls, operation: operation(method, path), subject: address, reason: reason,
                hint: "check broker.tls.ca-file, and that the certificate is for the host in broker.management-url")
        }
        return BrokerError(
            .unreachable, operation: operation(method, path), subject: address, reason: "\(error)",
            hint: "check broker.management-url, and that the plugin rabbitmq_management is enabled")
    }

    private func refusal(_ status: UInt, _ data: Data, _ method: String, _ path: [String]) -> BrokerError {
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
