/// A RabbitMQ server of one test alone, for what would disturb others: crashes and restarts.
///
/// Killed when the value is released.
public final class PrivateBroker: Sendable {
    /// `amqp://` URL of the virtual host `/`, with an administrator; the same after a restart.
    public let url: String
    /// `amqps://` URL of the same, for the host `localhost`.
    public let tlsURL: String
    /// The authority of its certificate; beside it `server.pem` and `server.key`.
    public let caFile: String
    /// `http://` URL of the management API.
    public let management: String
    /// `https://` URL of the same, for the host `localhost`.
    public let managementTLS: String
    private let server: PrivateServer

    /// Starts the server, which takes some seconds, and waits until it answers.
    public init() async throws {
        server = PrivateServer("rabbitmq", in: try TemporaryDirectory())
        let urls = try await server.start()
        guard let url = urls["url"], let tls = urls["tls"], let ca = urls["ca"], let management = urls["management"],
            let managementTLS = urls["management_tls"]
        else { throw TestFailure("private-server printed no URL") }
        self.url = url
        tlsURL = tls
        caFile = ca
        self.management = management
        self.managementTLS = managementTLS
    }

    /// Ends the server as a crash would (SIGKILL).
    public func kill() async throws { try await server.run("kill") }

    /// Ends the server in an orderly way.
    public func stop() async throws { try await server.run("stop") }

    /// Stops the server's time (SIGSTOP), and lets it go on.
    public func pause() async throws { try await server.run("pause") }
    public func resume() async throws { try await server.run("resume") }

    /// Runs rabbitmqctl, as in `control("set_vm_memory_high_watermark", "0")`; takes seconds.
    @discardableResult
    public func control(_ arguments: String...) async throws -> String {
        try await server.run("control", arguments)
    }

    /// Starts it again after `kill` or `stop`, with its data.
    public func start() async throws { _ = try await server.start() }
}
