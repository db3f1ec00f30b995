internal import Foundation
public import TrunklineCore
internal import TrunklineRabbitMQ

/// Where the broker is, without a user: what all offices share.
public struct BrokerAddress: Hashable, Sendable {
    /// `amqp` or `amqps`.
    public var scheme: String
    public var host: String
    public var port: Int
    public var virtualHost: String

    /// - Parameter url: a `broker.url`.
    public init(_ url: SecretURL) throws(BrokerError) {
        let configuration = try RabbitMQConfiguration(url: url.revealed)
        scheme = url.scheme
        host = configuration.host
        port = configuration.port
        virtualHost = configuration.virtualHost
    }

    /// The same broker as others reach it: `amqps://broker.example` or `amqps://broker.example:5671`.
    /// - Throws: ``BrokerError`` `.configuration`.
    public func reached(at address: String) throws(BrokerError) -> BrokerAddress {
        guard let url = SecretURL(address), !address.contains("@") else {
            throw BrokerError(
                .configuration, operation: "read", subject: "--broker-address", reason: "is not a URL without a user",
                hint: "write amqps://broker.example:5671")
        }
        let rest = url.revealed.dropFirst(url.scheme.count + 3)
        var other = try BrokerAddress(SecretURL("\(url.scheme)://user:none@\(rest)")!)
        other.virtualHost = virtualHost
        return other
    }

    /// A `broker.url` for this user.
    public func url(user: String, password: String) -> SecretURL {
        func encoded(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: Self.unreserved)! }
        let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        let vhost = encoded(virtualHost)
        return SecretURL("\(scheme)://\(encoded(user)):\(encoded(password))@\(place)/\(vhost)")!
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    /// Whether others can read what goes there.
    public var isPlaintext: Bool { scheme == "amqp" && !LoopbackAddress.contains(host) }
}
