import FoundationEssentials
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What deserves a look in one stream, with the way out as it is from the office that asks.
struct StreamRemarks {
    /// Of the office that asks.
    var role: OfficeRole
    var status: StreamStatus

    /// No word for so long, with something unacked, is worth a line: longer than the night between two connections.
    static let silence = Duration.seconds(26 * 3_600)

    var remarks: [Remark] { state + upgrade + standing + setAside + clock + differences }

    /// Of a receiver that was just upgraded, or never acked anything, it is not known yet.
    private var upgrade: [Remark] {
        guard status.awaitsUpgrade, let oldest = status.oldestUnackedSeconds, oldest > 300 else {
            return []
        }
        return [
            Remark(
                text:
                    "\(stream): \(stream.destination) does not say that it understands shared tables, and their batches wait; upgrade trunkline there, and run trunkline init"
            )
        ]
    }

    private var differences: [Remark] {
        status.differences.map { difference in
            let since = Date(timeIntervalSince1970: Double(difference.since) / 1_000).formatted(.iso8601)
            return Remark(
                text:
                    "\(stream): table \"\(difference.name)\" is not the same at both ends since \(since), batch \(HumanNumber.grouped(Int(difference.number))): \(words(difference))",
                needsSomebody: false)
        }
    }

    private func words(_ difference: TableDifference) -> String {
        let (source, destination) = (stream.source, stream.destination)
        var parts: [String] = []
        if !difference.notStored.isEmpty {
            parts.append("\(destination) does not store \(names(difference.notStored))")
        }
        if !difference.notSent.isEmpty {
            parts.append("\(source) does not send \(names(difference.notSent))")
        }
        parts += difference.types.prefix(Self.columnsShown).map {
            "\($0.column) is \($0.sent) at \(source), \($0.stored) at \(destination)"
        }
        return parts.joined(separator: "; ")
    }

    /// More of them are counted, not listed.
    private static let columnsShown = 10

    private func names(_ columns: [String]) -> String {
        let more = columns.count - Self.columnsShown
        return columns.prefix(Self.columnsShown).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    private var clock: [Remark] {
        guard let ahead = status.clockAheadSeconds else { return [] }
        let time = HumanDuration.text(seconds: ahead)
        return [
            Remark(
                text:
                    "\(stream): the clock of \(stream.source) is \(time) ahead of this office's; correct one of the two: until then its changes of shared rows do not win by their time"
            )
        ]
    }

    /// For how long nothing was heard where something was to be heard of; nil: no longer than usual.
    var silentSeconds: Double? {
        guard let silent = status.lastContactSeconds, .seconds(silent) > StreamRemarks.silence,
            !isSent || status.pending + status.inFlightChanges > 0
        else { return nil }
        return silent
    }

    var silence: [Remark] {
        if let silent = silentSeconds {
            return [Remark(text: "\(stream): no word for \(HumanDuration.text(seconds: silent))")]
        }
        // A branch that never acked anything may not know that the head sends to it.
        if role == .head, isSent, status.lastContactSeconds == nil, let oldest = status.oldestUnackedSeconds,
            .seconds(oldest) > StreamRemarks.silence
        {
            return [
                Remark(
                    text:
                        "\(stream): nothing was ever acked, for \(HumanDuration.text(seconds: oldest)); is branch-ingestor running at \(branch)?"
                )
            ]
        }
        return []
    }

    private var stream: StreamID { status.stream }
    private var branch: OfficeID { stream.branch }
    private var isSent: Bool { status.direction == .sending }
    /// For the commands that need to know whom they are about.
    private var place: String { role == .head ? " --branch \(branch)" : "" }

    private var state: [Remark] {
        if let held = status.held, status.stopped == nil {
            let receiver = stream.destination == .head ? "the head" : "the branch"
            return [
                Remark(text: "\(stream) is HELD by \(receiver), and tried again by itself: \(held); \(wayOutOfHold)")
            ]
        }
        if let reason = status.standstill {
            return [
                Remark(
                    text:
                        "\(stream) is STOPPED: \(reason); see what differs and decide with: \(stream.recoverCommand(at: role))"
                )
            ]
        }
        if let recovery = status.recovery, isSent {
            let returned = (status.lastRecovery?.tables ?? []).reduce(0) { $0 + ($1.returned ?? 0) }
            let back = returned > 0 ? "; \(HumanNumber.counted(returned, "row")) came back so far" : ""
            let text = "\(stream) comes together again after a restore (\(recovery.rawValue))\(back)"
            return [Remark(text: text, needsSomebody: false)]
        }
        return notReturned + differing
    }

    private var notReturned: [Remark] {
        (status.lastRecovery?.tables ?? []).compactMap { table in
            guard let count = table.notReturned else { return nil }
            let reason = table.notReturnedReason.map { ": \($0)" } ?? ""
            return Remark(
                text:
                    "\(stream): \(HumanNumber.counted(count, "row")) of \(table.name) that the head kept did not come back\(reason)"
            )
        }
    }

    private var differing: [Remark] {
        guard let differing = status.lastRecovery?.differing, !differing.isEmpty else { return [] }
        let tables = differing.map(\.description).joined(separator: ", ")
        return [
            Remark(
                text:
                    "\(stream) still DIFFERS after its last recovery, in \(tables); see the keys with: trunkline verify\(place); "
                    + "the reasons with: trunkline rows TABLE\(place) --state set-aside; "
                    + "once mended, trunkline verify\(place) clears this, and trunkline resync TABLE\(place) sends all rows again"
            )
        ]
    }

    /// A hold is the receiver's.
    private var wayOutOfHold: String {
        switch (role, isSent) {
        case (_, false): "mend what it names, then: trunkline retry"
        case (.branch, true): "the head's administrator sees the same in its status"
        case (.head, true): "mend what it names at \(branch), then there: trunkline retry"
        }
    }

    /// At the head a table stands still in all streams at once, and is said once.
    private var standing: [Remark] {
        guard role == .branch else { return [] }
        return status.standing.map {
            Remark(text: "\(stream): table \"\($0.table)\" STANDS STILL: \($0.reason)")
        }
    }

    private var setAside: [Remark] {
        guard status.setAside > 0 else { return [] }
        let (tables, untaken) = (status.setAsideTables, status.untakenTables)
        let count = HumanNumber.counted(status.setAside - untaken.count, "row")
        let rows = [
            Self.names(untaken).map { "all of \($0) is set aside" },
            status.setAside > untaken.count
                ? "\(count) set aside" + (Self.names(tables.filter { !untaken.contains($0) }).map { " in \($0)" } ?? "")
                : nil,
        ].compactMap(\.self).joined(separator: ", and ")
        guard !isSent || !tables.isEmpty else {
            // Of tables that this office does not send, which are known there alone.
            return [
                Remark(
                    text:
                        "\(stream): \(rows), of tables that are not sent from here; see them at \(stream.destination): trunkline status"
                )
            ]
        }
        let table = tables.count == 1 ? ShortReason.text(tables[0].description) : "TABLE"
        return [
            Remark(
                text:
                    "\(stream): \(rows); see them with: trunkline rows \(table)\(place) --state set-aside"
            )
        ]
    }

    private static let namedTables = 20

    /// A branch may have many, with long names.
    private static func names(_ tables: [TableName]) -> String? {
        guard !tables.isEmpty else { return nil }
        var names = tables.prefix(namedTables).map { "\"\(ShortReason.text($0.description))\"" }
        if tables.count > namedTables { names.append("\(tables.count - namedTables) more") }
        return names.joined(separator: ", ")
    }
}
