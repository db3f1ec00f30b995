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
}
