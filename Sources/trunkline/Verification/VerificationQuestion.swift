import FoundationEssentials
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// Asks for a verification, at a branch or at the head, and waits for the answers.
///
/// The sender of a stream says what it has, its receiver compares, and both keep the result: so this office asks itself
/// of the streams that it sends, and their senders of those that it receives.
struct VerificationQuestion: Sendable {
    let office: OfficeAssembly
    let store: any OfficeStore
    let id = UUID()

    /// Between two looks; every answer that there is is read at each.
    private static func interval(_ streams: Int) -> Duration { streams > 20 ? .seconds(1) : .milliseconds(200) }
    /// A branch asks the head so often while no answer comes: the head drops questions that come too fast, as those of two
    /// commands one after the other. The same question again costs it nothing.
    private static let askAgainAfter = Duration.seconds(6)

    /// What to compare: this branch, or at the head the wanted branches, or all of them.
    func scope(_ wanted: [OfficeID]) async throws -> VerificationScope {
        let settings = office.settings.office
        guard settings.role == .head else {
            return VerificationScope(atBranch: settings.id, statuses: try await store.status())
        }
        let known = try await store.branches().map(\.id)
        if let unknown = Set(wanted).subtracting(known).min() {
            throw CommandFailure(.usage, "there is no branch \(unknown); trunkline branch list names them all")
        }
        let asked = wanted.isEmpty ? known : known.filter(Set(wanted).contains)
        guard !asked.isEmpty else {
            throw CommandFailure(
                .configuration, "there is no branch to compare with; add one with: trunkline branch add ID")
        }
        return VerificationScope(
            atHeadOf: asked, outbound: try await store.outboundStreams(), statuses: try await store.status())
    }

    /// - Returns: the answers that came before the timeout.
    func ask(
        _ scope: VerificationScope, timeout: Duration, troubles: TroubleLog
    ) async throws -> VerificationAnswers {
        let office = office.settings.office
        var answers = VerificationAnswers(streams: scope.streams, stopped: scope.stopped)
        for stream in answers.awaited where stream.source == office.id {
            try await store.requestVerification(VerificationRequest(id: id, stream: stream))
        }
        let clock = ContinuousClock()
        let start = clock.now
        try await askOthers(answers)
        var nextQuestion = start + VerificationQuestion.askAgainAfter
        let own = Set(try await store.capturedTables())
        var display = ProgressDisplay(noun: "answers", showsRate: false)
        defer { display.end() }
        let streams = scope.streams.count
        while true {
            answers.take(try await store.verificationResults(id), sentBy: office.id, own)
            let now = clock.now
            let elapsed = now - start
            if answers.isOver || elapsed >= timeout { return answers }
            display.show(
                done: streams - answers.unanswered.count, total: streams, at: elapsed / .seconds(1),
                note: troubles.latest)
            if now >= nextQuestion {
                answers.note(stopped: VerificationScope.stopped(scope.streams, try await store.status()))
                if office.role == .branch { try await askOthers(answers) }
                nextQuestion = now + VerificationQuestion.askAgainAfter
            }
            try await Task.sleep(for: VerificationQuestion.interval(streams))
        }
    }

    private func askOthers(_ answers: VerificationAnswers) async throws {
        let office = office.settings.office
        let others = answers.awaited.map(\.source).filter { $0 != office.id }
        guard !others.isEmpty else { return }
        do {
            try await send(to: others)
        } catch let error as BrokerError where error.isTransient && office.role == .branch {
            // The line may come up before the timeout, and then it asks again.
        }
    }

    /// One message an office, each confirmed by the broker.
    private func send(to offices: [OfficeID]) async throws {
        let outbox = try office.outbox(for: "verify")
        try await outbox.closed {
            var unconfirmed: [MessageTag: OfficeID] = [:]
            for asked in offices { unconfirmed[try await outbox.send(envelope(to: asked))] = asked }
            let deadline = ContinuousClock.now + .seconds(30)
            while !unconfirmed.isEmpty {
                guard ContinuousClock.now < deadline else {
                    throw CommandFailure(.unavailable, "the broker did not confirm the question within 30 s")
                }
                for confirmation in try await outbox.confirmations(within: .seconds(1)) {
                    try settle(confirmation, &unconfirmed)
                }
            }
        }
    }

    private func envelope(to asked: OfficeID) -> Envelope {
        Envelope(
            from: office.settings.office.id, to: asked, kind: .verify, id: id.uuidString.lowercased(),
            contentType: ContentType.verify, contentEncoding: nil, body: Array(id.uuidString.utf8))
    }

    private func settle(_ confirmation: Confirmation, _ unconfirmed: inout [MessageTag: OfficeID]) throws {
        switch confirmation {
        case .confirmed(let tag):
            unconfirmed[tag] = nil
        case .refused(let tag, _):
            guard let asked = unconfirmed.removeValue(forKey: tag) else { return }
            throw CommandFailure(.unavailable, "the broker did not take the question to \(asked)")
        case .untaken(let tag, let reason):
            guard let asked = unconfirmed.removeValue(forKey: tag) else { return }
            let way = asked == .head ? "at the head: trunkline init" : "trunkline branch add \(asked)"
            throw CommandFailure(.configuration, "\(reason.meaning) of \(asked); run \(way)")
        }
    }
}
