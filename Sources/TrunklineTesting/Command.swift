public import Foundation

/// Runs a command to its end.
public enum Command {
    /// The project's folder.
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    /// Runs one of the project's `scripts`.
    @discardableResult
    public static func script(_ name: String, _ arguments: [String]) throws -> String {
        try run(root.appending(path: "scripts").appending(path: name).path, arguments)
    }

    /// How a command ended, and what it wrote.
    public struct Outcome: Sendable {
        public var exit: ChildProcess.Exit
        /// Without the last line's end.
        public var output: String
        public var errors: String
    }

    /// - Parameter input: what the command reads from standard input.
    /// - Returns: what it wrote to standard output, without the last line's end.
    /// - Throws: ``TestFailure`` with what it wrote to standard error when its exit code is not 0.
    @discardableResult
    public static func run(
        _ executable: String, _ arguments: [String], environment: [String: String?] = [:], input: String = "",
        within timeout: Duration = .seconds(120)
    ) throws -> String {
        let outcome = try attempt(executable, arguments, environment: environment, input: input, within: timeout)
        guard outcome.exit == .code(0) else {
            throw TestFailure("\(executable) failed: \(outcome.errors)\(outcome.output)")
        }
        return outcome.output
    }

    /// The same for a command that may fail.
    /// - Throws: ``TestFailure`` only when it does not start, or not end in time.
    public static func attempt(
        _ executable: String, _ arguments: [String], environment: [String: String?] = [:], input: String = "",
        within timeout: Duration = .seconds(120)
    ) throws -> Outcome {
        let directory = try TemporaryDirectory()
        try input.write(toFile: directory.file("input"), atomically: false, encoding: .utf8)
        let process = try ChildProcess(
            executable, arguments, environment: environment, input: directory.file("input"),
            output: directory.file("output"), errors: directory.file("errors"))
        let exit = try process.waitForExitBlocking(within: timeout)
        var output = process.output
        if output.last == "\n" { output.removeLast() }
        let errors = try String(contentsOfFile: directory.file("errors"), encoding: .utf8)
        return Outcome(exit: exit, output: output, errors: errors)
    }
}
