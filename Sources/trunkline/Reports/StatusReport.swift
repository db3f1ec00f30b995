import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline status` for people: a table, and below it what deserves a look.
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

    /// No word for so long, with something unacked, is worth a line: longer than the night between two connections.
    static let silence = Duration.seconds(26 * 3_600)

    var text: String {
        guard !streams.isEmpty || !unheard.isEmpty else { return "\(office.id): no stream yet\(emptyHint)\n" }
        var table = TextTable([
            .init("STREAM"), .init("PENDING", .right), .init("IN FLIGHT", .right), .init("ACKED", .right),
            .init("SET ASIDE", .right), .init("WATERMARK", .right), .init("OLDEST UNACKED"), .init("LAST CONTACT"),
        ])
        for stream in streams { table.add(cells(stream)) }
        for branch in unheard {
            table.add([StreamID(from: branch.id, to: .head).description] + Array(repeating: "-", count: 6) + ["never"])
        }
        var lines = streams.flatMap(remarks)
        lines += branches.filter(\.isSuspended).map {
            "\($0.id) is SUSPENDED: nothing that it sends is stored; let it in again with: trunkline branch resume \($0.id)"
        }
        lines += unheard.filter { !$0.isSuspended }.map {
            "\($0.id) was added and has not been heard of; is trunkline running there, with the kit of branch add?"
        }
        lines += uncaptured.map {
            "table \"\($0)\" is one of tables, and its changes are NOT CAPTURED; run: trunkline init"
        }
        lines += refusals.map { "trunkline init would refuse: \($0)" }
        lines += notes.map { ServiceRemarks(office: office, notes: $0).lines } ?? []
        return table.rendered() + lines.map { SafeText.oneLine($0) + "\n" }.joined()
    }

    /// Branches that were added and never sent anything.
    private var unheard: [Branch] {
        branches.filter { branch in
            !streams.contains { $0.direction == .receiving && $0.stream.source == branch.id }
        }
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

    private func remarks(_ status: StreamStatus) -> [String] {
        var remarks: [String] = []
        if office.role == .head, !branches.contains(where: { $0.id == status.stream.source }) {
            return ["\(status.stream): the branch was removed; its rows stay"]
        }
        if let held = status.held, status.stopped == nil {
            let way =
                office.role == .head
                ? "mend what it names, then: trunkline retry" : "the head's administrator sees the same in its status"
            remarks.append("\(status.stream) is HELD by the head, and tried again by itself: \(held); \(way)")
        } else if let reason = status.standstill {
            let place = office.role == .head ? " at \(status.stream.source)" : ""
            remarks.append(
                "\(status.stream) is STOPPED: \(reason); see what differs and decide with: trunkline recover\(place)")
        } else if let recovery = status.recovery {
            remarks.append("\(status.stream) comes together again after a restore (\(recovery.rawValue))")
        } else if let differing = status.lastRecovery?.differing, !differing.isEmpty {
            let tables = differing.map(\.description).joined(separator: ", ")
            remarks.append(
                "\(status.stream) still DIFFERS after its last recovery, in \(tables); see the keys with: trunkline verify; "
                    + "the reasons with: trunkline rows TABLE --state set-aside; "
                    + "once mended, trunkline verify clears this, and trunkline resync TABLE sends all rows again")
        }
        for table in status.standing {
            remarks.append("\(status.stream): table \"\(table.table)\" STANDS STILL: \(table.reason)")
        }
        if status.setAside > 0 {
            let rows = HumanNumber.counted(status.setAside, "row")
            let tables = status.setAsideTables
            let place = tables.isEmpty ? "" : " in \(tables.map { "\"\($0)\"" }.joined(separator: ", "))"
            remarks.append(
                "\(status.stream): \(rows) set aside\(place); see them with: trunkline rows "
                    + "\(tables.count == 1 ? tables[0].description : "TABLE") --state set-aside")
        }
        if let silent = status.lastContactSeconds, .seconds(silent) > StatusReport.silence,
            status.direction == .receiving || status.pending + status.inFlightChanges > 0
        {
            remarks.append("\(status.stream): no word for \(HumanDuration.text(seconds: silent))")
        }
        return remarks
    }
}
