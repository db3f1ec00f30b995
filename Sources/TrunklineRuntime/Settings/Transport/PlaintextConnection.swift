internal import Foundation
internal import TrunklinePostgres
internal import TrunklineRabbitMQ

/// A URL of the configuration that leads to another machine without TLS: whoever is on the way reads passwords and
/// rows, and can change them.
public struct PlaintextConnection: Hashable, Sendable {
    /// `broker.url`.
    public var key: String
    /// Where it leads, without secrets.
    public var place: String
    /// How to have TLS.
    var remedy: String

    var problem: String {
        "\(key): \(place) is another machine, and this is without TLS; \(remedy), or set allow-plaintext"
    }

    static func all(_ database: DatabaseSettings?, _ broker: BrokerSettings?) -> [PlaintextConnection] {
        [
            database.flatMap { of(database: $0.url) }, broker?.url.flatMap { of(broker: $0) },
            broker?.managementURL.flatMap { of(management: $0) },
        ].compactMap { $0 }
    }

    private static func of(database url: SecretURL) -> PlaintextConnection? {
        guard url.scheme != "sqlite", let transport = PostgresTransport(url: url.revealed), !transport.requiresTLS,
            !transport.hosts.allSatisfy(LoopbackAddress.contains)
        else { return nil }
        return PlaintextConnection(
            key: SettingTable.databaseURL.key.name, place: "\(url)", remedy: "add ?sslmode=verify-full")
    }

    private static func of(broker url: SecretURL) -> PlaintextConnection? {
        guard url.scheme == "amqp", let configuration = try? RabbitMQConfiguration(url: url.revealed),
            !LoopbackAddress.contains(configuration.host)
        else { return nil }
        return PlaintextConnection(key: SettingTable.brokerURL.key.name, place: "\(url)", remedy: "write amqps://")
    }

    private static func of(management url: SecretURL) -> PlaintextConnection? {
        guard url.scheme == "http", let host = URLComponents(string: url.revealed)?.host,
            !LoopbackAddress.contains(host.trimmingCharacters(in: ["[", "]"]))
        else { return nil }
        return PlaintextConnection(
            key: SettingTable.brokerManagementURL.key.name, place: "\(url)", remedy: "write https://")
    }
}
