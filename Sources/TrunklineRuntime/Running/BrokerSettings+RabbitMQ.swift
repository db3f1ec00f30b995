internal import TrunklineCore
internal import TrunklineRabbitMQ

extension BrokerSettings {
    /// A password may change while a service runs. Where the URL leads, and whether with TLS, was checked at the start.
    static func url(in file: String) throws(BrokerError) -> SecretURL {
        func refusal(_ reason: String) -> BrokerError {
            BrokerError(.configuration, operation: "connect", subject: "broker.url-file", reason: reason)
        }
        let text: String
        do { text = try TextFile.read(file).trimmed } catch { throw refusal(error.reason) }
        guard let url = SecretURL(text) else { throw refusal("it holds no URL") }
        return url
    }

    /// The link's configuration.
    /// - Parameter connectionName: what the broker's management page calls the connection.
    func rabbitMQ(
        url: SecretURL, connectionName: String, _ receiver: ReceiverSettings
    ) throws(BrokerError) -> RabbitMQConfiguration {
        var configuration = try RabbitMQConfiguration(url: url.revealed)
        configuration.heartbeat = Int((heartbeat / .seconds(1)).rounded())
        configuration.connectionName = "trunkline \(connectionName)"
        configuration.maxMessageBytes = receiver.maxMessageBytes
        if configuration.tls != nil {
            configuration.tls?.caFile = caFile
            configuration.tls?.certificateFile = certificateFile
            configuration.tls?.keyFile = keyFile
            configuration.tls?.verifiesPeer = verify != .none
            configuration.tls?.verifiesHostName = verify == .full
        }
        return configuration
    }
}
