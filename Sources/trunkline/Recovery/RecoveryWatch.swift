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

    /// One that was begun before goes on.
    func begin(_ mode: RecoveryMode) async throws {
        if let current = try await store.recovery(of: stream)?.mode, current == mode || current == .resend { return }
        try await store.beginRecovery(of: stream, mode)
    }

    /// - Returns: the last comparison: of a `compare` the only one; else the one that ended the recovery.
    func untilDone(_ mode: RecoveryMode, troubles: TroubleLog) async throws -> VerificationAnswers {
        let clock = ContinuousClock()
        let start = clock.now
        var answers = VerificationAnswers(branches: [stream.source])
        var asked: UUID?
        var display = ProgressDisplay(noun: "answers", showsRate: false)
        defer { display.end() }
        while true {
            let state = try await store.recovery(of: stream)
            if let state, state.verification != asked {
                if let asked { answers.take(try await store.verificationResults(asked)) }
                answers = VerificationAnswers(branches: [stream.source])
                asked = state.verification
            }
            if let asked { answers.take(try await store.verificationResults(asked)) }
            if state == nil || mode == .compare && answers.isComplete { return answers }
            let elapsed = clock.now - start
            if elapsed >= timeout { return VerificationAnswers(branches: [stream.source]) }
            display.show(done: 0, total: 1, at: elapsed / .seconds(1), note: troubles.latest)
            try await Task.sleep(for: RecoveryWatch.interval)
        }
    }
}
