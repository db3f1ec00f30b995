import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// Watches streams until everything that was pending at the first look is acked, and at a branch until what the head has
/// sent is stored. A stream that is stopped ends nothing while another one goes on.
struct SyncWatch: Sendable {
    let store: any OfficeStore
    let office: OfficeSettings
    /// What this office sends and is to wait for.
    let streams: [StreamID]
    let timeout: Duration?
    /// Where the broker says whether anything of a received stream waits; nil: of these none is waited for.
    var outbox: (any Outbox)?
    /// At a branch that takes tables from the head, the stream of them.
    var expected: StreamID?

    /// Between two looks.
    private static let interval = Duration.milliseconds(200)
    /// Where a look concerns many streams.
    private static let longInterval = Duration.seconds(1)

    /// How long the services may take to see to a table that is not captured completely.
    private static let patience = Duration.seconds(5)

    /// - Returns: the outcomes when there is nothing to wait for.
    func firstLook() async throws -> [SyncOutcome]? {
        var progress = SyncProgress(of: office, sending: streams, receives: outbox != nil, expecting: expected)
        try await look(&progress, at: .zero, troubles: nil)
        // What is incomplete the services may mend.
        guard progress.waiting.isEmpty, progress.standing.isEmpty else { return nil }
        return progress.outcomes(after: .zero)
    }

    func untilReached(troubles: TroubleLog) async throws -> [SyncOutcome] {
        do {
            let outcomes = try await watch(troubles)
            await outbox?.close()
            return outcomes
        } catch {
            await outbox?.close()
            throw error
        }
    }

    private func watch(_ troubles: TroubleLog) async throws -> [SyncOutcome] {
        let clock = ContinuousClock()
        let start = clock.now
        var progress = SyncProgress(of: office, sending: streams, receives: outbox != nil, expecting: expected)
        var display = ProgressDisplay(noun: "changes")
        defer { display.end() }
        var lastComplete = Duration.zero
        while true {
            let elapsed = clock.now - start
            let trouble = try await look(&progress, at: elapsed, troubles: troubles)
            if progress.standing.isEmpty { lastComplete = elapsed }
            if progress.waiting.isEmpty {
                if progress.standing.isEmpty { return progress.outcomes(after: elapsed) }
                if elapsed - lastComplete >= SyncWatch.patience { throw standsStill(progress.standing) }
            } else {
                display.show(done: progress.done, total: progress.total, at: elapsed / .seconds(1), note: trouble)
                if let timeout, elapsed >= timeout { throw tooLate(progress, timeout, trouble) }
            }
            try await Task.sleep(for: streams.count > 20 ? SyncWatch.longInterval : SyncWatch.interval)
        }
    }

    /// - Returns: what holds it up.
    @discardableResult
    private func look(
        _ progress: inout SyncProgress, at elapsed: Duration, troubles: TroubleLog?
    ) async throws -> String? {
        let statuses = try await store.status()
        var drained: Set<StreamID> = []
        var trouble: String?
        // At the first look nobody takes what waits there yet.
        for stream in troubles == nil ? [] : progress.received(statuses) {
            do {
                if try await isDrained(stream) { drained.insert(stream) }
            } catch {
                guard error.isTransient else { throw error }
                await outbox?.close()
                trouble = "\(error)"
            }
        }
        progress.look(statuses, drained: drained, at: elapsed)
        if let missing = progress.missing.first {
            throw CommandFailure(.configuration, "this database has no stream \(missing); run: trunkline init")
        }
        return progress.held ?? troubles?.latest ?? trouble ?? (progress.isUnheard ? SyncWatch.unheard : nil)
    }

    private func isDrained(_ stream: StreamID) async throws(BrokerError) -> Bool {
        guard let outbox else { return false }
        return try await outbox.isDrained(stream)
    }

    private func standsStill(_ tables: [StandingTable]) -> CommandFailure {
        CommandFailure(.incomplete, SyncWatch.text(of: tables))
    }

    private static func text(of tables: [StandingTable]) -> String {
        tables.map { "table \"\($0.table)\" stands still: \($0.reason)" }.joined(separator: "\n")
    }

    /// Why a branch waits for a stream that it knows nothing of, and what to look at.
    private static let unheard =
        "the head has sent nothing yet: is head-publisher running, and does the head list tables with direction: down?"

    private func tooLate(_ progress: SyncProgress, _ timeout: Duration, _ trouble: String?) -> CommandFailure {
        let late = DurationText.format(timeout)
        let unacked = progress.waiting.filter { progress.sending.contains($0) }
        var lines: [String] = []
        if !unacked.isEmpty { lines.append(lateText(progress, unacked, late, trouble)) }
        if progress.isUnheard {
            let found = unacked.isEmpty ? trouble.map { "; \($0)" } ?? "" : ""
            lines.append("\(SyncWatch.unheard)\(found)")
        } else if unacked.isEmpty {
            lines.append("not all that the head has sent was stored after \(late); \(trouble ?? "does it still send?")")
        }
        if !progress.standing.isEmpty { lines.append(SyncWatch.text(of: progress.standing)) }
        return CommandFailure(.incomplete, lines.joined(separator: "\n"))
    }

    private func lateText(
        _ progress: SyncProgress, _ unacked: [StreamID], _ late: String, _ trouble: String?
    ) -> String {
        let left = HumanNumber.counted(progress.total - progress.done, "change")
        guard office.role == .head else {
            return
                "\(left) not acked after \(late); \(trouble ?? "the head has not acked them; are its services running?")"
        }
        let named = unacked.prefix(10).map { $0.branch.description }.joined(separator: ", ")
        let more = unacked.count > 10 ? " and \(HumanNumber.grouped(unacked.count - 10)) more" : ""
        let hint = trouble ?? "are the services of these branches running, and is there a link?"
        return "\(left) not acked after \(late) by \(named)\(more); \(hint)"
    }
}
