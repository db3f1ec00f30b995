import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What `trunkline init` did, for people and for scripts.
struct InitReport: Encodable {
    var office: OfficeID
    var role: OfficeRole
    var created: Bool
    var captured: [Captured]
    var released: [TableName]
    /// At a branch: what it takes from the head.
    var taken: [Taken]
    var declaredTopology: Bool
    var warnings: [String]

    struct Captured: Encodable {
        var table: TableName
        var pendingRows: Int
        /// Of a table that is shared: ``ConflictPolicy/description``.
        var conflict: String?
    }

    struct Taken: Encodable {
        var table: TableName
        var localWrites: TableRule.LocalWrites
    }

    init(settings: Settings, report: InitialisationReport, declaredTopology: Bool) {
        office = settings.office.id
        role = settings.office.role
        created = report.created
        captured = report.captured.sorted { $0.key < $1.key }.map { name, rows in
            let rule = settings.tables.rules?.first { $0.name.isSpelled(like: name) }
            return Captured(table: name, pendingRows: rows, conflict: rule?.conflict?.description)
        }
        released = report.released.sorted()
        let rules = settings.office.role == .branch ? settings.tables.rules ?? [] : []
        taken = rules.filter { $0.direction == .down }.map { Taken(table: $0.name, localWrites: $0.localWrites) }
        self.declaredTopology = declaredTopology
        warnings = report.warnings
    }

    var text: String {
        var lines = ["\(office): the bookkeeping \(created ? "is created" : "was there already")"]
        lines += captured.map {
            let pending = "\(HumanNumber.counted($0.pendingRows, "row")) pending"
            guard let policy = $0.conflict else {
                return "\(office): \($0.table) is captured from now on; \(pending)"
            }
            let next =
                role == .head
                ? "a branch that shares it already joins by itself, another one with its own trunkline init" : pending
            return "\(office): \($0.table) is shared from now on (\(policy)); \(next)"
        }
        lines += taken.map {
            switch $0.localWrites {
            case .refuse: "\(office): \($0.table) comes from the head; what local programs write to it is refused"
            case .overwrite: "\(office): \($0.table) comes from the head; what local programs write to it never travels"
            }
        }
        lines += released.map { "\(office): \($0) is captured no more" }
        if declaredTopology { lines.append("\(office): exchanges and queues are declared at the broker") }
        return lines.map(SafeText.oneLine).joined(separator: "\n")
    }
}
