import Foundation

/// A server of one test alone, through `scripts/private-server`, that can crash and come back with its data.
final class PrivateServer: Sendable {
    private let kind: String
    private let directory: TemporaryDirectory

    /// - Parameters:
    ///   - kind: `rabbitmq` or `postgres`.
    ///   - directory: for its data and logs.
    init(_ kind: String, in directory: TemporaryDirectory) {
        self.kind = kind
        self.directory = directory
    }

    deinit { _ = try? Self.script(kind, "discard", directory.path) }

    /// Starts the server, and waits until it answers.
    /// - Returns: its URLs by name; the same at each start.
    func start() async throws -> [String: String] {
        let lines = try await run("start").split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1) }
        return Dictionary(uniqueKeysWithValues: lines.map { (String($0[0]), String($0[1])) })
    }

    @discardableResult
    func run(_ action: String, _ arguments: [String] = []) async throws -> String {
        try await onThread { [kind, path = directory.path] in try Self.script(kind, action, path, arguments) }
    }

    private static func script(
        _ kind: String, _ action: String, _ directory: String, _ arguments: [String] = []
    ) throws -> String {
        try Command.script("private-server", [kind, action, directory] + arguments)
    }
}
