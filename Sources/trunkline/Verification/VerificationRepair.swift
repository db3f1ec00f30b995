import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// Sends again what a verification found to differ in the streams that this office sends, until both sides agree or it
/// gets no better.
///
/// The sender's state wins: its rows travel once more, and of rows that only the receiver has it sends deletes. A row that
/// the receiver sets aside stays different, which ends the repair.
struct VerificationRepair: Sendable {
    let office: OfficeAssembly
    let store: any OfficeStore
    let scope: VerificationScope
    /// Only these; none: all.
    let tables: [TableName]
    let timeout: Duration
    let troubles: TroubleLog

    struct Outcome: Sendable {
        var answers: VerificationAnswers
        /// Keys that were sent again.
        var sent: Int
    }

    /// - Throws: ``CommandFailure`` when a receiver does not ack in time.
    func run(after first: VerificationAnswers) async throws -> Outcome {
        var outcome = Outcome(answers: first, sent: 0)
        var last = Int.max
        var asked = scope.sent(by: office.settings.office.id)
        while true {
            let differing = outcome.answers.differing(in: asked.streams)
            let left = differing.values.joined().reduce(0) { $0 + $1.differences }
            // A result names a thousand keys of a table at most; so there are passes, each of which must mend some.
            guard left > 0, left < last else { return outcome }
            last = left
            asked.streams = asked.streams.filter { differing[$0] != nil }
            for stream in asked.streams {
                for table in differing[stream]! {
                    try await store.sendAgain(table.differingKeys.map(\.key), of: table.name, in: stream)
                    outcome.sent += table.differingKeys.count
                }
            }
            let watch = SyncWatch(
                store: store, office: office.settings.office, streams: asked.streams, timeout: timeout)
            for done in try await watch.untilReached(troubles: troubles) {
                if let reason = done.stopped {
                    throw CommandFailure.stopped(done.stream, reason, at: office.settings.office.role)
                }
            }
            let question = VerificationQuestion(office: office, store: store)
            outcome.answers = outcome.answers.updated(
                with: try await question.ask(asked, timeout: timeout, troubles: troubles)
            ).limited(to: tables)
        }
    }
}
