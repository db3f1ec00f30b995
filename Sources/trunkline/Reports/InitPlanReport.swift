import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What `trunkline init --dry-run` found, for people.
struct InitPlanReport {
    var office: OfficeSettings
    var plan: InitialisationPlan

    var text: String {
        (lines + ["\(office.id): nothing was changed"]).map(SafeText.oneLine).joined(separator: "\n")
    }

    var lines: [String] {
        var lines = [
            "\(office.id): the bookkeeping \(plan.createsBookkeeping ? "would be created" : "is there")"
        ]
        lines += plan.tables.map { "\(office.id): \(line(of: $0))" }
        lines += plan.released.map { "\(office.id): \($0) would be captured no more" }
        if office.role == .head { lines.append("\(office.id): exchanges and queues would be declared at the broker") }
        return lines
    }

    private func line(of table: InitialisationPlan.Table) -> String {
        let key = "key \(table.key.joined(separator: ", "))"
        let triggers = table.triggers.isEmpty ? "" : "; new triggers: \(table.triggers.joined(separator: ", "))"
        guard table.isNew else {
            let joins = table.joins ? "; it would be shared, or by another policy, and all of it join anew" : ""
            return "\(table.name) (\(key)) is captured already\(joins)\(triggers)"
        }
        let rows = table.rows.map { "; \(HumanNumber.counted($0, "row")) would be pending" } ?? ""
        return "\(table.name) (\(key)) would be captured\(rows)\(triggers)"
    }
}
