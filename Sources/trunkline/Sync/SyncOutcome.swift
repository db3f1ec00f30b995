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

    var text: String {
        let changes = HumanNumber.counted(ackedChanges, "change")
        let acked =
            ackedChanges == 0
            ? "sync: nothing was pending, all is acked"
            : "sync: \(changes) acked in \(HumanDuration.text(seconds: seconds))"
        return setAside > 0 ? acked + "; \(HumanNumber.counted(setAside, "row")) set aside" : acked
    }
}
