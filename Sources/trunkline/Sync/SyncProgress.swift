import TrunklineCore
import TrunklineRuntime

/// Decides look after look how far a `trunkline sync` is: of each stream, and whether anything is still waited for.
///
/// At a branch a stream from the head may appear while it waits: the first batch of it arrives. Where the branch takes
/// tables from the head, it is waited for.
struct SyncProgress: Sendable {
    let office: OfficeSettings
    /// What this office sends and is to wait for.
    let sending: Set<StreamID>
    /// Whether it waits for what others send, too.
    let receives: Bool
    /// Of what others send, what has to be heard of.
    let expected: StreamID?
    private(set) var verdicts: [StreamID: SyncGoal.Verdict] = [:]
    private(set) var statuses: [StreamID: StreamStatus] = [:]
    private var goals: [StreamID: SyncGoal] = [:]
    private var drains: [StreamID: DrainGoal] = [:]
    private var hasLooked = false

    init(of office: OfficeSettings, sending: [StreamID], receives: Bool = false, expecting expected: StreamID? = nil) {
        self.office = office
        self.receives = receives
        self.expected = expected
        self.sending = Set(sending)
    }

    /// Those of which the broker is to be asked whether they are drained.
    func received(_ statuses: [StreamStatus]) -> [StreamID] { statuses.filter(isReceived).map(\.stream) }

    /// - Parameters:
    ///   - drained: those of the received ones of which nothing waits at the broker.
    ///   - time: since any fixed instant.
    mutating func look(_ statuses: [StreamStatus], drained: Set<StreamID>, at time: Duration) {
        defer { hasLooked = true }
        for status in statuses {
            let stream = status.stream
            let isSent = status.direction == .sending && sending.contains(stream)
            guard isSent || isReceived(status) else { continue }
            self.statuses[stream] = status
            // What was reached stays so: what came later does not matter.
            if case .reached = verdicts[stream] { continue }
            verdicts[stream] =
                isSent
                ? goals[stream, default: SyncGoal()].look(status)
                : drains[stream, default: DrainGoal(isNew: hasLooked)].look(
                    status, isDrained: drained.contains(stream), at: time)
        }
    }

    /// The streams of which there is no word in this database.
    var missing: [StreamID] { sending.filter { statuses[$0] == nil }.sorted() }

    /// Those that are waited for.
    var waiting: [StreamID] {
        let known = verdicts.compactMap { stream, verdict in if case .waiting = verdict { stream } else { nil } }
        return (known + (isUnheard ? [expected!] : [])).sorted()
    }

    /// Whether nothing ever came of what has to be heard of.
    var isUnheard: Bool { expected.map { statuses[$0] == nil } ?? false }

    /// Changes of what this office sends.
    var done: Int { sum { done, _ in done } }
    var total: Int { sum { _, total in total } }

    /// Tables of which nothing travels; those of one office are the same in all that it sends.
    var standing: [StandingTable] { statuses.values.first { !$0.standing.isEmpty }?.standing ?? [] }

    /// Why something is waited for that tries again by itself.
    var held: String? {
        waiting.lazy.compactMap { stream in
            statuses[stream]?.held.map { "\(stream) is held, and tried again by itself: \($0)" }
        }.first
    }

    func outcomes(after elapsed: Duration) -> [SyncOutcome] {
        // What this office sends comes first.
        let order = verdicts.keys.sorted {
            (sending.contains($0) ? 0 : 1, $0.description) < (sending.contains($1) ? 0 : 1, $1.description)
        }
        return order.map { stream in
            var outcome = SyncOutcome(
                stream: stream, setAside: statuses[stream]!.setAside, seconds: elapsed / .seconds(1))
            var changes = 0
            switch verdicts[stream]! {
            case .reached(let count): changes = count
            case .waiting(let done, _): changes = done
            case .stopped(let reason): outcome.stopped = reason
            }
            if sending.contains(stream) { outcome.ackedChanges = changes } else { outcome.storedChanges = changes }
            return outcome
        }
    }

    private func isReceived(_ status: StreamStatus) -> Bool {
        receives && status.direction == .receiving && status.stream.destination == office.id
    }

    private func sum(_ part: (_ done: Int, _ total: Int) -> Int) -> Int {
        verdicts.reduce(0) { sum, entry in
            guard sending.contains(entry.key) else { return sum }
            return switch entry.value {
            case .reached(let count): sum + part(count, count)
            case .waiting(let done, let total): sum + part(done, total)
            case .stopped: sum
            }
        }
    }
}
