import Foundation

/// Runs a command to its end.
public enum Command {
    /// Runs one of the project's `scripts`.
    @discardableResult
    public static func script(_ name: String, _ arguments: [String]) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../scripts")
        return try run(root.appending(path: name).standardized.path, arguments)
    }

    /// - Parameter input: what the command reads from standard input.
    /// - Returns: what it wrote to standard output, without the last line's end.
    /// - Throws: ``TestFailure`` with what it wrote to standard error when its exit code is not 0.
    @discardableResult
    public static func run(
        _ executable: String, _ arguments: [String], environment: [String: String?] = [:], input: String = "",
        within timeout: Duration = .seconds(120)
    ) throws -> String {
        let directory = try TemporaryDirectory()
        try input.write(toFile: directory.file("input"), atomically: false, encoding: .utf8)
        let process = try ChildProcess(
            executable, arguments, environment: environment, input: directory.file("input"),
            output: directory.file("output"), errors: directory.file("errors"))
        guard try process.waitForExitBlocking(within: timeout) == .code(0) else {
            let errors = try String(contentsOfFile: directory.file("errors"), encoding: .utf8)
            throw TestFailure("\(executable) failed: \(errors)\(process.output)")
        }
        var output = process.output
        if output.last == "\n" { output.removeLast() }
        return output
    }
}
