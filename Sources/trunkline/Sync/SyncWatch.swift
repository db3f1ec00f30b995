import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// Watches a stream until everything that was pending at the first look is acked.
struct SyncWatch: Sendable {
    let store: any OfficeStore
    let stream: StreamID
    let timeout: Duration?

    /// Between two looks.
    private static let interval = Duration.milliseconds(200)

    /// How long the services may take to see to a table that is not captured completely.
    private static let patience = Duration.seconds(5)

    /// - Returns: the outcome when there is nothing to wait for.
    func firstLook() async throws -> SyncOutcome? {
        var goal = SyncGoal()
        let status = try await status()
        switch goal.look(status) {
        // What is incomplete the services may mend.
        case .reached where status.standing.isEmpty: return outcome(status, changes: 0, after: .zero)
        case .reached: return nil
        case .waiting: return nil
        case .stopped(let reason): throw CommandFailure.stopped(stream, reason)
        }
    }

    func untilReached(troubles: TroubleLog) async throws -> SyncOutcome {
        let clock = ContinuousClock()
        let start = clock.now
        var goal = SyncGoal()
        var display = ProgressDisplay(noun: "changes")
        defer { display.end() }
        var lastComplete = Duration.zero
        while true {
            let status = try await status()
            let elapsed = clock.now - start
            if status.standing.isEmpty { lastComplete = elapsed }
            switch goal.look(status) {
            case .reached where !status.standing.isEmpty:
                if elapsed - lastComplete >= SyncWatch.patience { throw standsStill(status.standing) }
            case .reached(let changes): return outcome(status, changes: changes, after: elapsed)
            case .stopped(let reason): throw CommandFailure.stopped(stream, reason)
            case .waiting(let done, let total):
                let trouble = status.standstill ?? troubles.latest
                display.show(done: done, total: total, at: elapsed / .seconds(1), note: trouble)
                if let timeout, elapsed >= timeout { throw tooLate(done, total, timeout, trouble) }
            }
            try await Task.sleep(for: SyncWatch.interval)
        }
    }

    private func status() async throws -> StreamStatus {
        let streams = try await store.status()
        guard let status = streams.first(where: { $0.stream == stream && $0.direction == .sending }) else {
            throw CommandFailure(.configuration, "this database has no stream \(stream); run: trunkline init")
        }
        return status
    }

    private func outcome(_ status: StreamStatus, changes: Int, after elapsed: Duration) -> SyncOutcome {
        SyncOutcome(stream: stream, ackedChanges: changes, setAside: status.setAside, seconds: elapsed / .seconds(1))
    }

    private func standsStill(_ tables: [StandingTable]) -> CommandFailure {
        let reasons = tables.map { "table \"\($0.table)\" stands still: \($0.reason)" }
        return CommandFailure(.incomplete, reasons.joined(separator: "\n"))
    }

    private func tooLate(_ done: Int, _ total: Int, _ timeout: Duration, _ trouble: String?) -> CommandFailure {
        let left = HumanNumber.counted(total - done, "change")
        let hint = trouble ?? "the head has not acked them; are its services running?"
        return CommandFailure(.incomplete, "\(left) not acked after \(DurationText.format(timeout)); \(hint)")
    }
}

extension CommandFailure {
    /// Nothing travels in the stream until a person decides.
    static func stopped(_ stream: StreamID, _ reason: String) -> CommandFailure {
        CommandFailure(.stopped, "stream \(stream) is stopped: \(reason); see what differs with: trunkline recover")
    }
}
