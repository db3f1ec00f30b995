import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline status` for people: the streams of a branch, or at the head those of the branches that were named. A table,
/// and below it what deserves a look.
struct StatusReport {
    var office: OfficeSettings
    var streams: [StreamStatus]
    /// What the services say of themselves; nil: nobody asked.
    var notes: [ServiceNote]?
    /// At the head: the branches that were added.
    var branches: [Branch] = []
    /// Tables of the configuration whose changes nobody captures.
    var uncaptured: [TableName] = []
    /// Why `init` would refuse the configuration's tables.
    var refusals: [String] = []
    /// The configuration's.
    var tables = TableSelection.listed([])

    var text: String {
        guard !streams.isEmpty || !silent.isEmpty else { return "\(office.id): no stream yet\(emptyHint)\n" }
        var table = TextTable([
            .init("STREAM"), .init("PENDING", .right), .init("IN FLIGHT", .right), .init("ACKED", .right),
            .init("SET ASIDE", .right), .init("WATERMARK", .right), .init("OLDEST UNACKED"), .init("LAST CONTACT"),
        ])
        for stream in streams { table.add(cells(stream)) }
        for branch in silent {
            table.add([StreamID(from: branch.id, to: .head).description] + Array(repeating: "-", count: 6) + ["never"])
        }
        let known = Set(branches.map(\.id))
        var lines = streams.flatMap { remarks($0, known) }
        lines += branches.filter(\.isSuspended).map(\.suspension.text)
        lines += unheard.filter { !$0.isSuspended }.map(\.absence.text)
        lines +=
            OfficeRemarks(
                office: office, notes: notes, uncaptured: uncaptured, refusals: refusals,
                standing: OfficeRemarks.standing(in: streams, at: office.role),
                isTwoWay: OfficeRemarks.isTwoWay(streams, tables, at: office.role)
            ).lines
        return table.rendered() + lines.map { SafeText.oneLine($0) + "\n" }.joined()
    }

    /// Branches that were added and never sent anything.
    private var silent: [Branch] {
        let heard = Set(streams.filter { $0.direction == .receiving }.map(\.stream.source))
        return branches.filter { !heard.contains($0.id) }
    }

    /// Those of them that said nothing of what they were sent either.
    private var unheard: [Branch] {
        let acked = Set(
            streams.filter { $0.direction == .sending && $0.lastContactSeconds != nil }.map(\.stream.destination))
        return silent.filter { !acked.contains($0.id) }
    }

    private var emptyHint: String {
        office.role == .head ? "; add a branch with: trunkline branch add ID" : "; run: trunkline init"
    }

    private func cells(_ status: StreamStatus) -> [String] {
        let watermark =
            status.direction == .sending && status.lastFormed > status.watermark
            ? "\(status.watermark) of \(status.lastFormed)" : "\(status.watermark)"
        return [
            status.stream.description, HumanNumber.grouped(status.pending), inFlight(status),
            HumanNumber.grouped(status.ackedRows), HumanNumber.grouped(status.setAside), watermark,
            status.oldestUnackedSeconds.map { HumanDuration.text(seconds: $0) } ?? "-",
            status.lastContactSeconds.map { "\(HumanDuration.text(seconds: $0)) ago" } ?? "never",
        ]
    }

    private func inFlight(_ status: StreamStatus) -> String {
        guard status.inFlightBatches > 0 else { return "0" }
        return "\(HumanNumber.grouped(status.inFlightChanges)) in "
            + HumanNumber.counted(status.inFlightBatches, "batch", plural: "batches")
    }

    private func remarks(_ status: StreamStatus, _ known: Set<OfficeID>) -> [String] {
        if office.role == .head, !known.contains(status.stream.branch) {
            return ["\(status.stream): the branch was removed; its rows stay"]
        }
        let remarks = StreamRemarks(role: office.role, status: status)
        return (remarks.remarks + remarks.silence).map(\.text)
    }
}
