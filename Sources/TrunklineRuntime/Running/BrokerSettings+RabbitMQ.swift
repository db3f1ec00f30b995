internal import TrunklineCore
internal import TrunklineRabbitMQ

extension BrokerSettings {
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

    /// A password may change while a service runs. Where the URL leads, and whether with TLS, was checked at the start and
    /// may not.
    static func url(in file: String, as known: SecretURL) throws(BrokerError) -> String {
        func refusal(_ reason: String, hint: String?) -> BrokerError {
            BrokerError(.configuration, operation: "connect", subject: "broker.url-file", reason: reason, hint: hint)
        }
        let text: String
        do { text = try TextFile.read(file).trimmed } catch { throw refusal(error.reason, hint: nil) }
        guard let url = SecretURL(text), RabbitMQURL.problem(of: url) == nil,
            try BrokerAddress(url) == BrokerAddress(known)
        else { throw refusal("it leads to another broker now, or in another way", hint: "restart the service") }
        return text
    }
}
