import Foundation

/// The servers that `scripts/test` started, by the names of its environment variables.
public enum TestEnvironment: String, CaseIterable {
    /// `amqp://` URL with an administrator of the private RabbitMQ.
    case brokerURL = "TRUNKLINE_TEST_BROKER_URL"
    /// `http://` URL of its management API, with the same user.
    case brokerManagement = "TRUNKLINE_TEST_BROKER_MANAGEMENT"
    /// `postgres://` URL with a superuser of the private PostgreSQL.
    case postgresURL = "TRUNKLINE_TEST_POSTGRES_URL"

    /// Whether the test's servers are running; for `.enabled(if:)`.
    public static var hasBroker: Bool { brokerURL.optional != nil && brokerManagement.optional != nil }
    public static var hasPostgres: Bool { postgresURL.optional != nil }

    private var optional: String? { ProcessInfo.processInfo.environment[rawValue] }

    func value() throws -> String {
        guard let optional else { throw TestFailure("\(rawValue) is not set; run ./scripts/test") }
        return optional
    }
}
