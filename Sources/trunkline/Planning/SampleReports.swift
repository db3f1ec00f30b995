import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// A row as it would travel, for people.
struct DepartureReport {
    /// More are counted, not named.
    private static let namedBranches = 10

    var table: TableName
    var key: [String]
    var row: OutgoingRow?
    var office: OfficeSettings
    var knowsBranches: Bool

    var text: String {
        let name = "\(office.id): \(table) \(key.joined(separator: ", "))"
        guard let row else { return SafeText.oneLine("\(name): there is no such row") }
        var listing = TextTable([.init("COLUMN"), .init("TYPE"), .init("VALUE")])
        for (column, value) in zip(row.columns, row.values) {
            listing.add([SafeText.oneLine(column.name), SafeText.oneLine(column.type), ArrivalReport.shown(value)])
        }
        let problem = row.problem.map { "; it would be set aside: \($0)" } ?? ""
        return SafeText.oneLine("\(name) would go to \(destinations(row))\(problem)") + "\n\n" + listing.rendered()
            + "\(office.id): nothing was changed"
    }

    private func destinations(_ row: OutgoingRow) -> String {
        guard office.role == .head else { return "the head" }
        guard !row.destinations.isEmpty else {
            return knowsBranches ? "no branch: its route, or where, leaves it out" : "no branch: there is none yet"
        }
        let names = row.destinations.prefix(Self.namedBranches).map(\.description).joined(separator: ", ")
        let hidden = row.destinations.count - Self.namedBranches
        return HumanNumber.counted(row.destinations.count, "branch", plural: "branches") + ": \(names)"
            + (hidden > 0 ? " and \(HumanNumber.grouped(hidden)) more" : "")
    }
}

/// What would become of a row that comes, for people.
struct ArrivalReport {
    /// The second one: where the row was changed here too.
    var rehearsals: [Rehearsal]
    var office: OfficeSettings
    /// Of a shared table.
    var policy: ConflictPolicy?

    var text: String {
        let first = rehearsals[0]
        var parts = [outcome(first), listing(first)]
        if rehearsals.count > 1 {
            parts += [
                "Were it changed here too: \(conflict(rehearsals[1]))",
                listing(rehearsals[1]),
            ]
        }
        if let policy, let columns = policy.columns, office.role == .head {
            let sums =
                columns.added.isEmpty ? "" : ", and differences of \(columns.added.joined(separator: ", ")) are added"
            parts.append(
                SafeText.oneLine(
                    "Were it changed here too, of each column what one side made of it would stand\(sums); what both changed: \(policy.whole.rawValue)"
                ) + "\n")
        }
        return parts.joined(separator: "\n") + "\(office.id): nothing was changed"
    }

    private func outcome(_ rehearsal: Rehearsal) -> String {
        let row = "\(office.id): \(rehearsal.table) \(rehearsal.key) of \(rehearsal.stream.source)"
        let into = rehearsal.into.map { $0 == rehearsal.table ? "" : " in \($0)" } ?? ""
        let reason = rehearsal.setAside ?? ""
        let line =
            switch rehearsal.outcome {
            case .setAside: "would be set aside: \(reason)"
            case .inPart: "would be stored in part\(into), and set aside: \(reason)"
            case .leftOut: "would not be stored\(into): where leaves it out"
            case .unchanged: "is stored\(into) already as it would be, or the row here stays"
            case .stored: "would be stored\(into)"
            }
        let unsaid =
            rehearsal.unsaid.isEmpty ? "" : " (NULL, since not said: \(rehearsal.unsaid.joined(separator: ", ")))"
        return SafeText.oneLine("\(row) \(line)\(unsaid)") + "\n"
    }

    private func conflict(_ rehearsal: Rehearsal) -> String {
        guard let conflict = rehearsal.conflict else { return "no conflict\n" }
        let stands =
            switch conflict.outcome {
            case .head: "the head's stands"
            case .branch: "the branch's stands"
            case .merged: "columns of both"
            case .waiting: "the head's stands until somebody decides"
            }
        return SafeText.oneLine("a conflict, by \(conflict.policy): \(stands)") + "\n"
    }

    private func listing(_ rehearsal: Rehearsal) -> String {
        let names = Set((rehearsal.before ?? [:]).keys).union((rehearsal.after ?? [:]).keys).sorted()
        guard !names.isEmpty else { return "" }
        var table = TextTable([.init("COLUMN"), .init("NOW", maximalWidth: 40), .init("THEN", maximalWidth: 40)])
        for name in names {
            table.add([
                SafeText.oneLine(name), Self.value(name, rehearsal.before), Self.value(name, rehearsal.after),
            ])
        }
        return table.rendered() + "\n"
    }

    private static func value(_ name: String, _ row: [String: String?]?) -> String {
        guard let row else { return "-" }
        return shown(row[name] ?? nil)
    }

    static func shown(_ value: String?) -> String { value.map { SafeText.oneLine($0) } ?? "∅" }
}
