import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// Sends again what a verification found to differ, at a branch, until both sides agree or it gets no better.
///
/// The branch's state wins: its rows travel once more, and of rows that only the head has it sends deletes. A row that
/// the head sets aside stays different, which ends the repair.
struct VerificationRepair: Sendable {
    let office: OfficeAssembly
    let store: any OfficeStore
    /// Only these; none: all.
    let tables: [TableName]
    let timeout: Duration
    let troubles: TroubleLog

    struct Outcome: Sendable {
        var answers: VerificationAnswers
        /// Keys that were sent again.
        var sent: Int
    }

    /// - Throws: ``CommandFailure`` when the head does not ack in time.
    func run(after first: VerificationAnswers) async throws -> Outcome {
        var outcome = Outcome(answers: first, sent: 0)
        var last = Int.max
        while outcome.answers.isComplete {
            let differing = outcome.answers.results.flatMap(\.tables).filter { !$0.agrees && $0.problem == nil }
            let left = differing.reduce(0) { $0 + $1.differences }
            // A result names a thousand keys of a table at most; so there are passes, each of which must mend some.
            guard left > 0, left < last else { break }
            last = left
            for table in differing {
                try await store.sendAgain(table.differingKeys.map(\.key), of: table.name)
                outcome.sent += table.differingKeys.count
            }
            let watch = SyncWatch(store: store, stream: office.upstream, timeout: timeout)
            _ = try await watch.untilReached(troubles: troubles)
            let question = VerificationQuestion(office: office, store: store)
            outcome.answers = try await question.ask(
                first.branches, timeout: timeout, troubles: troubles
            ).limited(to: tables)
        }
        return outcome
    }
}
