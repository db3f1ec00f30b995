public import Foundation
import Synchronization

/// A process that the test started, with its output in a file.
///
/// Killed when the value is released. Signals go to this process only, and never to one that got its id later:
/// the id stays taken until the process is reaped, which happens under the same lock as `send`.
public final class ChildProcess: Sendable {
    public enum Exit: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    public let id: pid_t
    /// The file that collects what the process writes.
    public let outputFile: String
    private let life = Life()

    private final class Life: Sendable {
        let exit = Mutex<Exit?>(nil)
        let ended = DispatchGroup()
    }

    /// Starts a process.
    /// - Parameters:
    ///   - executable: a path, or a name to look up in PATH.
    ///   - environment: on top of the test's own; nil as a value removes the name.
    ///   - input: the file for standard input; nil: empty.
    ///   - output: the file to append standard output to.
    ///   - errors: the file to append standard error to; nil: the same.
    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String?] = [:],
        input: String? = nil, output: String, errors: String? = nil
    ) throws {
        outputFile = output
        var merged = ProcessInfo.processInfo.environment
        for (name, value) in environment { merged[name] = value }
        id = try Self.spawn(
            [executable] + arguments, merged.map { "\($0)=\($1)" }, input ?? "/dev/null", output, errors)
        life.ended.enter()
        Thread.detachNewThread { [id, life] in
            Self.reap(id, life)
            life.ended.leave()
        }
    }

    deinit { send(SIGKILL) }

    /// Does nothing when the process has ended.
    public func send(_ signal: Int32) {
        life.exit.withLock { exit in
            if exit == nil { kill(id, signal) }
        }
    }

    public var hasExited: Bool { life.exit.withLock { $0 != nil } }

    /// What the process wrote so far.
    public var output: String { (try? String(contentsOfFile: outputFile, encoding: .utf8)) ?? "" }

    /// Waits for the end of the process.
    public func waitForExit(within timeout: Duration = .seconds(60)) async throws -> Exit {
        try await onThread { try self.waitForExitBlocking(within: timeout) }
    }

    /// The same for a caller that is not asynchronous.
    public func waitForExitBlocking(within timeout: Duration) throws -> Exit {
        let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) * 1e-18
        guard life.ended.wait(timeout: .now() + seconds) == .success, let exit = life.exit.withLock({ $0 }) else {
            throw TestFailure("process \(id) did not end within \(timeout); it wrote:\n\(output)")
        }
        return exit
    }

    /// Waits until the output contains a text.
    public func waitForOutput(_ text: String, within timeout: Duration = .seconds(60)) async throws {
        try await eventually("\"\(text)\" in \(outputFile)", within: timeout) {
            if output.contains(text) { return true }
            guard !hasExited else { throw TestFailure("process \(id) ended without \"\(text)\":\n\(output)") }
            return false
        }
    }

    /// Waits for the end without taking the process away first, so that `send` stays safe meanwhile.
    private static func reap(_ id: pid_t, _ life: Life) {
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        life.exit.withLock { exit in
            var status: Int32 = 0
            waitpid(id, &status, 0)
            let signal = status & 0x7f
            exit = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
        }
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String], _ input: String, _ output: String, _ errors: String?
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let append = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, append, 0o644)
        if let errors {
            posix_spawn_file_actions_addopen(&actions, 2, errors, append, 0o644)
        } else {
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var id: pid_t = 0
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        let status = posix_spawnp(&id, arguments[0], &actions, &attributes, argv, envp)
        guard status == 0 else { throw TestFailure("\(arguments[0]): \(String(cString: strerror(status)))") }
        return id
    }
}
