internal import Synchronization

/// The order in which this process writes to one file: who came first has its turn first.
///
/// SQLite hands its lock to whoever asks at the right moment, and who waits asks ten times a second: one that writes
/// without a pause keeps it for minutes. Other processes wait like that, so after a second of one turn after another
/// there is a pause in which each of them asks once.
final class WriteTurns: Sendable {
    /// SQLite's busy handler looks at least so often (`sqliteDefaultBusyCallback` in main.c).
    private static let pause = Duration.milliseconds(110)
    private static let longest = Duration.seconds(1)

    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Since when there was no pause.
        var busySince: ContinuousClock.Instant?
        var freeSince: ContinuousClock.Instant?
    }

    private static let all = Mutex<[String: WriteTurns]>([:])
    private let state = Mutex(State())

    /// The one of a file, by its path.
    static func of(_ path: String) -> WriteTurns {
        all.withLock { all in
            if let known = all[path] { return known }
            let turns = WriteTurns()
            all[path] = turns
            return turns
        }
    }

    /// Runs `body` when its turn has come.
    func take<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await enter()
        defer { leave() }
        if let rest = rest() { try? await Task.sleep(for: rest) }
        return try await body()
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFirst = state.withLock { state in
                guard state.isTaken else {
                    state.isTaken = true
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFirst { continuation.resume() }
        }
    }

    /// - Returns: how long the others are let through first; nil: they had their time.
    private func rest() -> Duration? {
        state.withLock { state in
            let now = ContinuousClock.now
            if let free = state.freeSince, now - free >= WriteTurns.pause { state.busySince = nil }
            guard let busy = state.busySince else {
                state.busySince = now
                return nil
            }
            guard now - busy >= WriteTurns.longest else { return nil }
            state.busySince = now + WriteTurns.pause
            return WriteTurns.pause
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.freeSince = ContinuousClock.now
            guard !state.waiting.isEmpty else {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
