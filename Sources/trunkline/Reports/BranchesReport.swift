import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline status` at the head, for people: a line a branch, and below what deserves a look.
struct BranchesReport {
    var office: OfficeRemarks
    var states: [BranchState]
    /// Only the branches that need somebody.
    var onlyProblems = false

    init(
        office: OfficeRemarks, streams: [StreamStatus], branches: [Branch], onlyProblems: Bool = false
    ) {
        self.office = office
        self.onlyProblems = onlyProblems
        states = BranchState.all(branches: branches, streams: streams)
    }

    var text: String {
        let shown = onlyProblems ? states.filter(\.needsSomebody) : states
        let body: String
        if states.isEmpty {
            body = "\(office.office.id): no branch yet; add a branch with: trunkline branch add ID\n"
        } else if shown.isEmpty {
            body = "\(HumanNumber.counted(states.count, "branch", plural: "branches")), none of which needs anybody\n"
        } else {
            body = table(shown)
        }
        let remarks = shown.flatMap(\.remarks).map(\.text) + office.lines
        return body + remarks.map { SafeText.oneLine($0) + "\n" }.joined()
    }

    private func table(_ shown: [BranchState]) -> String {
        var table = TextTable([
            .init("BRANCH"), .init("PENDING", .right), .init("BEHIND SINCE"), .init("SET ASIDE", .right),
            .init("STORED", .right), .init("WATERMARK", .right), .init("LAST CONTACT"),
        ])
        for state in shown { table.add(cells(state)) }
        return table.rendered()
    }

    private func cells(_ state: BranchState) -> [String] {
        [
            state.id.description,
            state.down.map { HumanNumber.grouped($0.pending + $0.inFlightChanges) } ?? "-",
            state.down?.oldestUnackedSeconds.map { "\(HumanDuration.text(seconds: $0)) ago" } ?? "-",
            setAside(state),
            state.up.map { HumanNumber.grouped($0.ackedRows) } ?? "-", state.up.map { "\($0.watermark)" } ?? "-",
            state.lastContactSeconds.map { "\(HumanDuration.text(seconds: $0)) ago" } ?? "never",
        ]
    }

    private func setAside(_ state: BranchState) -> String {
        let parts = [(state.up, "up"), (state.down, "down")].compactMap { status, direction in
            status.flatMap { $0.setAside > 0 ? "\(HumanNumber.grouped($0.setAside)) \(direction)" : nil }
        }
        return parts.isEmpty ? "0" : parts.joined(separator: ", ")
    }
}
