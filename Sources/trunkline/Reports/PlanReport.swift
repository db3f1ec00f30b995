import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What `trunkline plan` found, for people and for scripts.
struct PlanReport {
    enum Verdict: Hashable {
        case agree, differ, incomplete
        case unanswered(String)
        case stopped(String)
    }

    struct Summary: Encodable {
        var plan: InitialisationPlan
        /// Of the tables that would be shared.
        var joins: [Join]
    }

    struct Join: Encodable {
        var table: TableName
        var policy: String
        /// Where rows differ: whose would stand. nil: the newer one, since they have versions.
        var stands: Conflict.Outcome?
        var rowsAtHead: Int?
        var rowsHere: Int?
        /// Keys of which only one side has a row, or both different ones. nil: not compared.
        var differences: Int?
        /// The first of them: ``TableResult/maximalKeys``.
        var onlyAtHead: [RowKey] = []
        var onlyHere: [RowKey] = []
        var different: [RowKey] = []
        /// Why it was not compared.
        var problem: String?
    }

    /// More keys of a table are counted, not listed.
    static let keysShown = 20

    let office: OfficeSettings
    var plan: InitialisationPlan
    /// The tables that would be shared, and by which policies.
    let joining: [PlannedTable]
    /// What of the head's rows was compared.
    var answer: VerificationResult?
    /// Why there is no answer.
    var silence: Verdict?

    private let policies: [TableName: ConflictPolicy]

    init(office: OfficeSettings, plan: InitialisationPlan, rules: [TableRule]) {
        self.office = office
        self.plan = plan
        var policies: [TableName: ConflictPolicy] = [:]
        var joining: [PlannedTable] = []
        for table in plan.tables where table.joins {
            let rule = rules.first { $0.name.isSpelled(like: table.name) }
            guard let policy = rule?.conflict else { continue }
            policies[table.name] = policy
            joining.append(PlannedTable(name: table.name, policy: policy.description))
        }
        self.joining = joining
        self.policies = policies
    }

    var verdict: Verdict {
        if let silence { return silence }
        if joins.contains(where: { !$0.different.isEmpty }) { return .differ }
        let isCompared = office.role == .head || joins.allSatisfy { $0.problem == nil }
        return isCompared ? .agree : .incomplete
    }

    var summary: Summary { Summary(plan: plan, joins: joins) }

    private var joins: [Join] { joining.map(join) }

    private func join(_ planned: PlannedTable) -> Join {
        let isShared = plan.tables.contains { $0.name == planned.name && $0.isShared }
        var join = Join(
            table: planned.name, policy: planned.policy,
            stands: isShared ? nil : policies[planned.name]!.standsAtJoin)
        guard let answer else { return join }
        let result = answer.tables.first { $0.name.isSpelled(like: planned.name) }
        guard let result, result.problem == nil else {
            join.problem = result?.problem ?? "the head does not share it; list it there alike, and run trunkline init"
            return join
        }
        (join.rowsAtHead, join.rowsHere) = (result.rowsAtSender, result.rowsAtReceiver)
        join.differences = max(result.differences, result.differingKeys.count)
        for difference in result.differingKeys {
            switch difference.kind {
            case .onlyAtSender: join.onlyAtHead.append(difference.key)
            case .onlyAtReceiver: join.onlyHere.append(difference.key)
            case .different: join.different.append(difference.key)
            }
        }
        return join
    }

    var text: String {
        var lines = InitPlanReport(office: office, plan: plan).lines
        if office.role == .branch { lines += joins.flatMap(self.lines) }
        if office.role == .head, !joining.isEmpty {
            lines.append(
                "head: run trunkline plan at each branch before it shares \(joining.map(\.name.description).joined(separator: ", ")): it says which rows differ; one that shares it already joins as soon as the head does"
            )
        }
        lines.append("\(office.id): nothing was begun")
        return lines.map(SafeText.oneLine).joined(separator: "\n")
    }

    private func lines(of join: Join) -> [String] {
        let table = "\(office.id): \(join.table)"
        let title = "\(table) would be shared (\(join.policy))" + (join.stands == nil ? " from now on" : "")
        if let problem = join.problem { return ["\(title); not compared: \(problem)"] }
        guard let atHead = join.rowsAtHead, let here = join.rowsHere, let differences = join.differences else {
            return ["\(title); not compared"]
        }
        let counts = "\(title); \(HumanNumber.counted(atHead, "row")) at the head, \(HumanNumber.grouped(here)) here"
        guard differences > 0 else { return ["\(counts): all alike"] }
        let listed = join.onlyAtHead.count + join.onlyHere.count + join.different.count
        var lines = [counts]
        if listed < differences {
            lines.append(
                "\(table): \(HumanNumber.grouped(differences)) keys differ; of the first \(HumanNumber.grouped(listed)):"
            )
        }
        if !join.onlyAtHead.isEmpty {
            lines.append(
                "\(table): \(HumanNumber.counted(join.onlyAtHead.count, "row")) only at the head: would come here")
        }
        if !join.onlyHere.isEmpty {
            lines.append(
                "\(table): \(HumanNumber.counted(join.onlyHere.count, "row")) only here: would go to the head, but for those that it remembers as deleted, or routes elsewhere"
            )
        }
        guard !join.different.isEmpty else { return lines }
        lines.append("\(table): \(differing(join.different.count)): \(outcome(join.stands))")
        lines += join.different.prefix(Self.keysShown).map { "  \($0)" }
        let hidden = join.different.count - Self.keysShown
        return lines + (hidden > 0 ? ["  and \(HumanNumber.grouped(hidden)) more: --json lists them"] : [])
    }

    private func differing(_ count: Int) -> String {
        count == 1 ? "1 row DIFFERS" : "\(HumanNumber.grouped(count)) rows DIFFER"
    }

    private func outcome(_ stands: Conflict.Outcome?) -> String {
        switch stands {
        case nil:
            "the newer one would stand, as the versions of both say; over changes that the head has not answered the policy would decide"
        case .branch: "this office's would stand, and the head's be kept there as conflicts"
        case .waiting:
            "the head's would stand until somebody decides over the conflicts there, which keep this office's"
        case .head, .merged: "the head's would stand, and this office's be kept there as conflicts"
        }
    }
}
