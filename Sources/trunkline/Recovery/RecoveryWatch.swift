import FoundationEssentials
import TrunklineCore
import TrunklineTerminal

/// Begins a recovery and waits until it needs nothing more, or needs a decision.
struct RecoveryWatch: Sendable {
    let store: any OfficeStore
    let stream: StreamID
    let timeout: Duration

    /// Between two looks.
    private static let interval = Duration.milliseconds(200)

    /// One that was begun before goes on, unless it stopped again.
    func begin(_ mode: RecoveryMode, newKeys: Bool) async throws {
        let isStopped = try await store.status().contains {
            $0.stream == stream && $0.direction == .sending && $0.stopped != nil
        }
        if !isStopped, let current = try await store.recovery(of: stream),
            current.mode == .resend || current.mode == mode && current.newKeys == newKeys
        {
            return
        }
        try await store.beginRecovery(of: stream, mode, newKeys: newKeys)
    }

    /// - Returns: what differs; without an answer when none came in time.
    func comparison(troubles: TroubleLog) async throws -> VerificationAnswers {
        var answers = VerificationAnswers(streams: [stream])
        guard let asked = try await store.recovery(of: stream)?.verification else { return answers }
        let own = Set(try await store.capturedTables())
        _ = try await wait(troubles) {
            answers.take(try await store.verificationResults(asked), sentBy: stream.source, own)
            return answers.isComplete
        }
        return answers
    }

    /// - Returns: whether it came in time.
    func end(troubles: TroubleLog) async throws -> Bool {
        try await wait(troubles) { try await store.recovery(of: stream) == nil }
    }

    private func wait(_ troubles: TroubleLog, until isDone: () async throws -> Bool) async throws -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        var display = ProgressDisplay(noun: "answers", showsRate: false)
        defer { display.end() }
        while try await !isDone() {
            let elapsed = clock.now - start
            if elapsed >= timeout { return false }
            display.show(done: 0, total: 1, at: elapsed / .seconds(1), note: troubles.latest)
            try await Task.sleep(for: RecoveryWatch.interval)
        }
        return true
    }
}
