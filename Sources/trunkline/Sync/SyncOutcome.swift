import TrunklineCore
import TrunklineTerminal

/// What `trunkline sync` achieved.
struct SyncOutcome: Encodable, Sendable {
    var stream: StreamID
    /// Changes that were pending or in flight and are acked now.
    var ackedChanges: Int
    /// Rows that the head could not store.
    var setAside: Int
    var seconds: Double
    /// Tables of which nothing travels before someone acts.
    var incomplete: [IncompleteTable] = []

    var text: String {
        let changes = HumanNumber.counted(ackedChanges, "change")
        let acked =
            ackedChanges == 0
            ? incomplete.isEmpty ? "sync: nothing was pending, all is acked" : "sync: nothing else was pending"
            : "sync: \(changes) acked in \(HumanDuration.text(seconds: seconds))"
        let still = incomplete.map { "\nsync: a table stands still: \($0.reason)" }.joined()
        return still.isEmpty ? dealt(acked) : dealt(acked) + still
    }

    private func dealt(_ acked: String) -> String {
        setAside > 0 ? acked + "; \(HumanNumber.counted(setAside, "row")) set aside" : acked
    }
}
