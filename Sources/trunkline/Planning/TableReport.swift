import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What becomes of a table, for people and for scripts.
struct TableReport {
    struct Summary: Encodable {
        var table: TableName
        var isCaptured: Bool?
        var outgoing: OutgoingTable?
        var incoming: [TableRehearsal]
        /// From where nothing of it has come yet.
        var unknown: [OfficeID]
    }

    /// More are counted, not named.
    private static let namedOffices = 10

    let table: TableName
    let office: OfficeSettings
    /// Where this office writes it.
    var rule: TableRule?
    var isCaptured = false
    var outgoing: OutgoingTable?
    var incoming: [TableRehearsal] = []
    var unknown: [OfficeID] = []

    init(table: TableName, office: OfficeSettings) {
        self.table = table
        self.office = office
    }

    var summary: Summary {
        Summary(
            table: table, isCaptured: outgoing == nil ? nil : isCaptured, outgoing: outgoing, incoming: incoming,
            unknown: unknown)
    }

    var text: String {
        var parts: [String] = []
        if let outgoing { parts.append(sent(outgoing)) }
        parts += incoming.map(taken)
        if !unknown.isEmpty {
            parts.append(
                "\(office.id): nothing of \(table) has come yet from \(Self.list(unknown.map(\.description)))\n")
        }
        return parts.joined(separator: "\n") + "\(office.id): nothing was changed"
    }

    private func sent(_ outgoing: OutgoingTable) -> String {
        let key = outgoing.key.joined(separator: ", ")
        let state = isCaptured ? "is captured" : "would be captured, after trunkline init"
        let direction = rule?.conflict.map { "shared (\($0))" } ?? (office.role == .head ? "down" : "up")
        var lines = [
            "\(office.id): \(table) (key \(key)), \(direction), \(state); \(HumanNumber.counted(outgoing.rows, "row")) here"
        ]
        lines += routes(outgoing).map { "\(office.id): \($0)" }
        var columns = TextTable([.init("COLUMN"), .init("TYPE")])
        for column in outgoing.columns { columns.add([SafeText.oneLine(column.name), SafeText.oneLine(column.type)]) }
        return lines.map(SafeText.oneLine).joined(separator: "\n") + "\n\n" + columns.rendered()
    }

    private func routes(_ outgoing: OutgoingTable) -> [String] {
        guard office.role == .head else { return ["all of it goes to the head"] }
        let filter = rule?.filter.map { ", where \($0)" } ?? ""
        let route =
            switch rule?.route ?? .all {
            case .all: "to all branches"
            case .column(let column): "each row to the branch that its \(column) names"
            case .mapping(let column, let through, let from, let to):
                "each row to the branches that \(through) has (\(to)) for its \(column) (\(from))"
            }
        guard !outgoing.shares.isEmpty else { return ["\(route)\(filter); there is no branch yet"] }
        let shares = outgoing.shares.map { "\($0.office) \(HumanNumber.grouped($0.rows))" }
        return ["\(route)\(filter); rows of a first load: \(Self.list(shares))"]
    }

    private func taken(_ incoming: TableRehearsal) -> String {
        let sources = Self.list(incoming.streams.map(\.source.description))
        let into = incoming.into == incoming.table ? "" : " in \(incoming.into)"
        let outcome =
            if let reason = incoming.setAside {
                incoming.isInPart ? "would be stored\(into) in part: \(reason)" : "would be set aside: \(reason)"
            } else if incoming.isMade {
                "would be stored\(into), which would be made"
            } else {
                "would be stored\(into)"
            }
        let filter = incoming.filter.map { ", where \($0)" } ?? ""
        let title = SafeText.oneLine("\(office.id): \(incoming.table) of \(sources) \(outcome)\(filter)") + "\n"
        guard !incoming.columns.isEmpty else { return title }
        var table = TextTable([.init("THERE"), .init("TYPE"), .init("HERE"), .init("TYPE"), .init("MADE OF")])
        for pair in incoming.columns {
            table.add(
                [
                    pair.sent?.name ?? "-", pair.sent?.type ?? "", pair.stored?.name ?? "-", pair.stored?.type ?? "",
                    source(pair, incoming),
                ].map(SafeText.oneLine))
        }
        return title + "\n" + table.rendered()
    }

    private func source(_ pair: TableRehearsal.ColumnPair, _ incoming: TableRehearsal) -> String {
        guard pair.sent == nil else {
            if pair.isAdded { return "would be added" }
            return pair.stored == nil ? "not stored" : pair.differs ? "what fits of it exactly" : ""
        }
        switch pair.source {
        case nil: return "its default"
        case .constant where pair.stored?.name.lowercased() == TableMapping.branchColumn: return "the branch"
        case let source?: return source.meaning
        }
    }

    private static func list(_ names: [String]) -> String {
        let hidden = names.count - namedOffices
        return names.prefix(namedOffices).joined(separator: ", ")
            + (hidden > 0 ? " and \(HumanNumber.grouped(hidden)) more" : "")
    }
}
