import Foundation
import FoundationNetworking
import TrunklineCore

/// Calls of RabbitMQ's management API over HTTP or HTTPS.
///
/// An `https` server must have a certificate of one of the system's authorities: Foundation takes no others on Linux.
struct ManagementClient: Sendable {
    private let base: String
    private let authorization: String
    private let session: URLSession
    /// `host:port`, for messages to people.
    let address: String

    private static let timeout = 30.0

    /// - Parameter url: `https://user:password@host:port`, with a path where the API has a prefix.
    init(url: String) throws(BrokerError) {
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
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.timeout
        session = URLSession(configuration: configuration, delegate: OneAnswer(), delegateQueue: nil)
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
        var request = URLRequest(url: URL(string: "\(base)/api/\(segments.joined(separator: "/"))")!)
        request.httpMethod = method
        request.setValue(authorization, forHTTPHeaderField: "Authorization")
        let (data, response): (Data, URLResponse)
        do {
            if let body {
                request.httpBody = try JSONEncoder().encode(body)
                request.setValue("application/json", forHTTPHeaderField: "Content-Type")
            }
            (data, response) = try await session.data(for: request)
        } catch {
            throw failure(error, method, path)
        }
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        if status == 404 { return nil }
        guard (200..<300).contains(status) else { throw refusal(status, data, method, path) }
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

    private func operation(_ method: String, _ path: [String]) -> String { "\(method) \(path.joined(separator: "/"))" }

    private func failure(_ error: any Error, _ method: String, _ path: [String]) -> BrokerError {
        let code = (error as? URLError)?.code
        // Nothing else here cancels a call.
        if code == .cancelled { return refused("the user or its password is refused", method, path) }
        let isTLS =
            code == .serverCertificateUntrusted || code == .secureConnectionFailed
            || code == .serverCertificateHasBadDate || code == .serverCertificateHasUnknownRoot
        return BrokerError(
            isTLS ? .tls : .unreachable, operation: operation(method, path), subject: address,
            reason: error.localizedDescription,
            hint: isTLS
                ? "add its authority to those of the system (update-ca-certificates)"
                : "check broker.management-url, and that the plugin rabbitmq_management is enabled")
    }

    private func refusal(_ status: Int, _ data: Data, _ method: String, _ path: [String]) -> BrokerError {
        struct Answer: Decodable {
            var reason: String?
        }
        let reason = (try? JSONDecoder().decode(Answer.self, from: data))?.reason ?? "no reason given"
        if status == 401 || status == 403 { return refused("HTTP \(status): \(reason)", method, path) }
        return BrokerError(
            .closedByBroker, operation: operation(method, path), subject: address, reason: "HTTP \(status): \(reason)")
    }

    private func refused(_ reason: String, _ method: String, _ path: [String]) -> BrokerError {
        BrokerError(
            .accessRefused, operation: operation(method, path), subject: address, reason: reason,
            hint: "check user and password in broker.management-url; the user must have the tag administrator")
    }
}

/// One question, one answer. The password goes to the host that it was meant for, and to no other; and where it is
/// refused the call ends: Foundation on Linux would wait without end for another one.
private final class OneAnswer: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
        completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
        completionHandler(.cancelAuthenticationChallenge, nil)
    }
}
