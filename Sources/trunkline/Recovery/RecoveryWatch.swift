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

    /// One that was begun before goes on, unless it stopped again, or was a comparison that has its answer: whoever asks
    /// once more has changed something since.
    func begin(_ mode: RecoveryMode, newKeys: Bool) async throws {
        let isStopped = try await store.status().contains {
            $0.stream == stream && $0.direction == .sending && $0.stopped != nil
        }
        if !isStopped, let current = try await store.recovery(of: stream),
            current.mode == .resend || current.mode == mode && current.newKeys == newKeys
        {
            guard mode == .compare, try await comparison(current).isComplete else { return }
        }
        try await store.beginRecovery(of: stream, mode, newKeys: newKeys)
    }

    /// - Returns: what differs; without an answer when none came in time.
    func comparison(troubles: TroubleLog) async throws -> VerificationAnswers {
        var answers = VerificationAnswers(streams: [stream])
        guard let begun = try await store.recovery(of: stream) else { return answers }
        _ = try await wait(troubles) {
            answers = try await comparison(begun)
            return answers.isComplete
        }
        return answers
    }

    /// What there is by now.
    private func comparison(_ recovery: RecoveryState) async throws -> VerificationAnswers {
        var answers = VerificationAnswers(streams: [stream])
        answers.take(
            try await store.verificationResults(recovery.verification), sentBy: stream.source,
            Set(try await store.capturedTables()))
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
