import TrunklineCore
import TrunklineTerminal

/// What `trunkline sync` achieved in one stream.
struct SyncOutcome: Hashable, Encodable, Sendable {
    var stream: StreamID
    /// Of a stream that this office sends: changes that were pending or in flight and are acked now.
    var ackedChanges: Int?
    /// Of a stream that it receives: rows and deletes that were stored meanwhile.
    var storedChanges: Int?
    /// Rows that the receiver could not store.
    var setAside: Int
    var seconds: Double
    /// Why nothing travels until someone decides; nil: it does.
    var stopped: String?

    init(
        stream: StreamID, ackedChanges: Int? = nil, storedChanges: Int? = nil, setAside: Int, seconds: Double,
        stopped: String? = nil
    ) {
        self.stream = stream
        self.ackedChanges = ackedChanges
        self.storedChanges = storedChanges
        self.setAside = setAside
        self.seconds = seconds
        self.stopped = stopped
    }

    /// Without the name of the stream.
    var text: String {
        let what: String
        if let stopped {
            what = "STOPPED: \(stopped)"
        } else if let storedChanges {
            what =
                storedChanges == 0
                ? "all that was sent is stored"
                : "\(HumanNumber.counted(storedChanges, "change")) stored in \(HumanDuration.text(seconds: seconds))"
        } else if let ackedChanges, ackedChanges > 0 {
            what = "\(HumanNumber.counted(ackedChanges, "change")) acked in \(HumanDuration.text(seconds: seconds))"
        } else {
            what = "nothing was pending, all is acked"
        }
        return setAside > 0 ? what + "; \(HumanNumber.counted(setAside, "row")) set aside" : what
    }
}
