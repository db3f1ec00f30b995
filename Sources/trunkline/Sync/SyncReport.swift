import TrunklineCore
import TrunklineTerminal

/// The outcomes of `trunkline sync`, for people and for scripts.
struct SyncReport {
    var outcomes: [SyncOutcome]

    /// More streams are summed up, and only those named in which something is the matter.
    static let streamsShown = 20

    /// One stream is an object, as scripts know it of a branch; several are a list.
    func json() throws -> String {
        outcomes.count == 1 ? try JSONOutput.text(outcomes[0]) : try JSONOutput.text(outcomes)
    }

    var text: String {
        if outcomes.isEmpty { return "sync: there is no branch to wait for" }
        if outcomes.count == 1 { return "sync: \(outcomes[0].text)" }
        var shown = outcomes
        var lines: [String] = []
        if outcomes.count > SyncReport.streamsShown {
            shown = outcomes.filter { $0.setAside > 0 || $0.stopped != nil }
            let changes = HumanNumber.counted(outcomes.reduce(0) { $0 + ($1.ackedChanges ?? 0) }, "change")
            lines.append("sync: \(HumanNumber.counted(outcomes.count, "stream")), \(changes) acked")
        }
        lines += shown.map { "sync: \($0.stream): \($0.text)" }
        return lines.map(SafeText.oneLine).joined(separator: "\n")
    }

    var stopped: [SyncOutcome] { outcomes.filter { $0.stopped != nil } }
    var setAside: Int { outcomes.reduce(0) { $0 + $1.setAside } }
}
