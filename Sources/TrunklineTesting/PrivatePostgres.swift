/// A PostgreSQL server of one test alone, for what would disturb others: crashes and restarts.
///
/// Killed when the value is released.
public final class PrivatePostgres: Sendable {
    /// `postgres://` URL of the database `postgres`, with a superuser; the same after a restart.
    public let url: String
    private let server: PrivateServer

    /// Makes a cluster, starts the server, and waits until it answers.
    /// - Parameter directory: for its data and logs; nil: one of its own.
    public init(in directory: TemporaryDirectory? = nil) async throws {
        server = PrivateServer("postgres", in: try directory ?? TemporaryDirectory())
        guard let url = try await server.start()["url"] else { throw TestFailure("private-server printed no URL") }
        self.url = url
    }

    /// Ends the server as a crash would (SIGKILL, its backends too).
    public func kill() async throws { try await server.run("kill") }

    /// Ends the server in an orderly way, without waiting for its clients.
    public func stop() async throws { try await server.run("stop") }

    /// Starts it again after `kill` or `stop`, with its data.
    public func start() async throws { _ = try await server.start() }
}
