import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// The tables of a configuration, for people.
struct TablesReport {
    var role: OfficeRole
    var tables: TableSelection

    init(settings: Settings) { self.init(role: settings.office.role, tables: settings.tables) }

    init(role: OfficeRole, tables: TableSelection) {
        self.role = role
        self.tables = tables
    }

    /// `2 tables up, 1 table down`
    var summary: String {
        switch tables {
        case .listed(let rules, let acceptsNew):
            let up = rules.count { $0.direction == .up }
            let down = rules.count { $0.direction == .down }
            let shared = rules.count - up - down
            // The head takes any that comes up, where none is named.
            var parts = up == 0 && role == .head && !acceptsNew ? ["any table up"] : []
            if up > 0 { parts.append("\(HumanNumber.counted(up, "table")) up") }
            if down > 0 { parts.append("\(HumanNumber.counted(down, "table")) down") }
            if shared > 0 { parts.append("\(HumanNumber.counted(shared, "table")) shared") }
            if acceptsNew { parts.append("new tables of the \(role == .head ? "branches" : "head")") }
            return parts.isEmpty ? "no table" : parts.joined(separator: ", ")
        case .all(let exceptions):
            return exceptions.isEmpty ? "all tables up" : "all tables up but \(exceptions.count)"
        }
    }

    /// A line for each table that is named.
    var lines: [String] {
        switch tables {
        case .listed(let rules, _): rules.map { SafeText.oneLine("  \($0.name): \(meaning(of: $0))") }
        case .all(let exceptions): exceptions.map { SafeText.oneLine("  \($0): left out") }
        }
    }

    private func meaning(of rule: TableRule) -> String {
        if let policy = rule.conflict {
            let to = role == .head && rule.route != .all ? ", to \(receivers(rule.route))" : ""
            return "shared\(to)\(rule.filter.map { ", where \($0)" } ?? ""), \(policy)"
        }
        guard rule.direction == .down else { return "up" + Self.stored(rule.mapping) }
        switch role {
        case .head:
            return "down, to \(receivers(rule.route))" + (rule.filter.map { ", where \($0)" } ?? "")
        case .branch:
            let stored = Self.stored(rule.mapping)
            switch rule.localWrites {
            case .refuse: return "down, local writes are refused\(stored)"
            case .overwrite: return "down, local writes stand until the head's row changes\(stored)"
            }
        }
    }

    private static func stored(_ mapping: RowMapping?) -> String {
        guard let mapping else { return "" }
        var parts = mapping.into.map { ["stored in \($0)"] } ?? []
        parts += mapping.columns.sorted { $0.key < $1.key }.map { "\($0.key) is \($0.value.meaning)" }
        if !mapping.leftOut.isEmpty { parts.append("without \(mapping.leftOut.joined(separator: ", "))") }
        if let filter = mapping.filter { parts.append("where \(filter)") }
        if let policy = mapping.newColumns { parts.append("new columns: \(policy.rawValue)") }
        return parts.map { "; \($0)" }.joined()
    }

    private func receivers(_ route: TableRoute) -> String {
        switch route {
        case .all: "all branches"
        case .column(let column): "the branch that \(column) names"
        case .mapping(let column, let table, let from, let to):
            "the branches that \(table).\(to) names where \(table).\(from) is its \(column)"
        }
    }
}

extension RowMapping.Source {
    /// For people: what a column is made of.
    var meaning: String {
        switch self {
        case .constant(let value): value.map { "the value \($0)" } ?? "NULL"
        case .expression(let text): text
        case .firstOf(let texts): texts.joined(separator: ", or ")
        case .lookup(let lookup): "\(lookup.take) of \(lookup.table) whose \(lookup.match) is \(lookup.by)"
        }
    }
}
