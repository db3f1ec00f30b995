import Foundation

/// A database of its own on the tests' PostgreSQL; dropped when the value is released.
public final class TestPostgres: Sendable {
    public let name = "test_\(UUID().uuidString.lowercased().replacing("-", with: "_"))"
    /// `postgres://` URL of the database, with the server's superuser.
    public let url: String
    private let server: String

    /// On the server that `scripts/test` started.
    public convenience init() throws { try self.init(server: TestEnvironment.postgresURL.value()) }

    /// On that server too, in an encoding of its own.
    public convenience init(encoding: String) throws {
        try self.init(server: TestEnvironment.postgresURL.value(), encoding: encoding)
    }

    /// - Parameters:
    ///   - server: `postgres://` URL of a superuser.
    ///   - encoding: as in `create database`; nil: the server's.
    public init(server: String, encoding: String? = nil) throws {
        guard var parts = URLComponents(string: server) else { throw TestFailure("not a PostgreSQL URL") }
        parts.path = "/\(name)"
        guard let url = parts.string else { throw TestFailure("not a PostgreSQL URL") }
        self.server = server
        self.url = url
        try Self.psql(
            server,
            "create database \(name) template template0" + (encoding.map { " encoding '\($0)' locale 'C'" } ?? ""))
    }

    deinit { _ = try? Self.psql(server, "drop database if exists \(name) with (force)") }

    /// Runs statements, each in a transaction of its own unless they say otherwise.
    /// - Returns: the rows as psql prints them unaligned: columns parted by `|`.
    @discardableResult
    public func run(_ sql: String) throws -> String { try Self.psql(url, sql) }

    /// The same for statements that may fail; the first that does is the last.
    public func attempt(_ sql: String) throws -> Command.Outcome {
        try Command.attempt("psql", Self.arguments(url), input: sql)
    }

    /// A URL for a new role that may use the bookkeeping and every table but one.
    func roleWithout(_ table: String) throws -> String {
        let role = "role_\(UUID().uuidString.lowercased().replacing("-", with: "_"))"
        try run(
            """
            create role \(role) login password 'test';
            grant usage, create on schema public, trunkline to \(role);
            grant all on all tables in schema public, trunkline to \(role);
            grant all on all sequences in schema trunkline to \(role);
            revoke all on \(table) from \(role);
            """)
        var parts = URLComponents(string: url)!
        parts.user = role
        parts.password = "test"
        return parts.string!
    }

    func backUp(to file: String) throws { try Command.run("pg_dump", ["--file=\(file)", url]) }

    func restore(from file: String) throws {
        try Self.psql(server, "drop database \(name) with (force)")
        try Self.psql(server, "create database \(name) template template0")
        try Command.run("psql", ["-XAtq", "--set=ON_ERROR_STOP=1", "--file=\(file)", url])
    }

    @discardableResult
    static func psql(_ url: String, _ sql: String) throws -> String {
        try Command.run("psql", arguments(url), input: sql)
    }

    private static func arguments(_ url: String) -> [String] { ["-XAtq", "--set=ON_ERROR_STOP=1", url] }
}
