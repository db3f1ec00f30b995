import FoundationEssentials
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// Asks for a verification, at a branch or at the head, and waits for the answers.
struct VerificationQuestion: Sendable {
    let office: OfficeAssembly
    let store: any OfficeStore
    let id = UUID()

    /// Between two looks.
    private static let interval = Duration.milliseconds(200)

    /// Whom to ask: this branch, or at the head the wanted branches, or all of them.
    func branches(_ wanted: [OfficeID]) async throws -> [OfficeID] {
        let settings = office.settings.office
        guard settings.role == .head else { return [settings.id] }
        let known = try await store.branches().map(\.id)
        if let unknown = wanted.first(where: { !known.contains($0) }) {
            throw CommandFailure(.usage, "there is no branch \(unknown); trunkline branch list names them all")
        }
        let asked = wanted.isEmpty ? known : wanted
        guard !asked.isEmpty else {
            throw CommandFailure(
                .configuration, "there is no branch to compare with; add one with: trunkline branch add ID")
        }
        return asked
    }

    /// - Returns: the answers that came before the timeout.
    func ask(
        _ branches: [OfficeID], timeout: Duration, troubles: TroubleLog
    ) async throws -> VerificationAnswers {
        switch office.settings.office.role {
        case .branch: try await store.requestVerification(VerificationRequest(id: id, stream: office.upstream))
        case .head: try await send(to: branches)
        }
        let clock = ContinuousClock()
        let start = clock.now
        var answers = VerificationAnswers(branches: branches)
        var display = ProgressDisplay(noun: "answers", showsRate: false)
        defer { display.end() }
        while true {
            answers.take(try await store.verificationResults(id))
            let elapsed = clock.now - start
            if answers.isComplete || elapsed >= timeout { return answers }
            display.show(
                done: branches.count - answers.unanswered.count, total: branches.count, at: elapsed / .seconds(1),
                note: troubles.latest)
            try await Task.sleep(for: VerificationQuestion.interval)
        }
    }

    /// One message a branch, each confirmed by the broker.
    private func send(to branches: [OfficeID]) async throws {
        let outbox = try office.outbox(for: "verify")
        try await outbox.closed {
            var unconfirmed: [MessageTag: OfficeID] = [:]
            for branch in branches { unconfirmed[try await outbox.send(envelope(to: branch))] = branch }
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

    private func envelope(to branch: OfficeID) -> Envelope {
        Envelope(
            from: .head, to: branch, kind: .verify, id: id.uuidString.lowercased(), contentType: ContentType.verify,
            contentEncoding: nil, body: Array(id.uuidString.utf8))
    }

    private func settle(_ confirmation: Confirmation, _ unconfirmed: inout [MessageTag: OfficeID]) throws {
        switch confirmation {
        case .confirmed(let tag):
            unconfirmed[tag] = nil
        case .refused(let tag, _):
            guard let branch = unconfirmed.removeValue(forKey: tag) else { return }
            throw CommandFailure(.unavailable, "the broker did not take the question to \(branch)")
        case .untaken(let tag, let reason):
            guard let branch = unconfirmed.removeValue(forKey: tag) else { return }
            throw CommandFailure(
                .configuration, "\(reason.meaning) of \(branch); run: trunkline branch add \(branch)")
        }
    }
}
