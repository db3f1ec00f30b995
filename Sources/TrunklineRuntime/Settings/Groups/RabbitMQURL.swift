internal import TrunklineCore
internal import TrunklineRabbitMQ

/// The broker link's own reading of its URL, so that a mistake in it is found at the start.
enum RabbitMQURL {
    /// - Returns: a problem of the configuration that shows no part of the URL; nil when it can be used.
    static func problem(of url: SecretURL) -> String? {
        do {
            _ = try RabbitMQConfiguration(url: url.revealed)
            return nil
        } catch {
            return "broker.url: \(error.reason)" + (error.hint.map { "; \($0)" } ?? "")
        }
    }
}
