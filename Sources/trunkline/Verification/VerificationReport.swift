import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What a verification found, for people and for scripts.
struct VerificationReport {
    enum Verdict: Hashable {
        case agree, differ, unanswered
        /// What was compared agrees, and there is more.
        case incomplete
    }

    struct Summary: Encodable {
        var agree: Bool
        var unanswered: [OfficeID]
        var results: [VerificationResult]
        /// By branch: tables at the head with rows of it, of which it did not speak, so that they were not compared.
        var unmentioned: [String: [TableName]]
        /// Keys that were sent again; nil: nothing was to be repaired.
        var repaired: Int?
    }

    /// More differing keys of a table are counted, not listed.
    static let keysShown = 20

    private let office: OfficeSettings
    private let answers: VerificationAnswers
    private let unmentioned: [OfficeID: [TableName]]

    /// - Parameter unmentioned: tables at the head with rows of a branch that did not speak of them.
    init(at office: OfficeSettings, answers: VerificationAnswers, unmentioned: [OfficeID: [TableName]] = [:]) {
        self.office = office
        self.answers = answers
        self.unmentioned = unmentioned.filter { !$0.value.isEmpty }
    }

    /// A difference outweighs a missing answer.
    var verdict: Verdict {
        if !answers.results.allSatisfy(\.agrees) { return .differ }
        guard answers.isComplete else { return .unanswered }
        return unmentioned.isEmpty ? .agree : .incomplete
    }

    var summary: Summary {
        Summary(
            agree: verdict == .agree, unanswered: answers.unanswered, results: answers.results,
            unmentioned: Dictionary(uniqueKeysWithValues: unmentioned.map { ($0.description, $1) }))
    }

    /// Table by table, and the verdict as the last line.
    var text: String {
        let silent = answers.unanswered.map { office.role == .head ? "\($0): no answer" : "head: no answer" }
        return (answers.results.flatMap(lines) + silent + [lastLine]).map(SafeText.oneLine).joined(separator: "\n")
    }

    func unansweredText(timeout: Duration, _ trouble: String?) -> String {
        let names = answers.unanswered.map(\.description).joined(separator: ", ")
        let hint = trouble ?? "are the services running, there and at the head?"
        return office.role == .head
            ? "no answer from \(names) after \(DurationText.format(timeout)); \(hint)"
            : "no answer from the head after \(DurationText.format(timeout)); \(hint)"
    }

    private func lines(of result: VerificationResult) -> [String] {
        let branch = result.stream.source
        return ["\(branch) and head, at watermark \(result.watermark):"]
            + result.tables.flatMap { lines(of: $0, branch: branch) }
            + (unmentioned[branch] ?? []).map {
                "  \($0): not compared: \(branch) does not sync it, and there are rows of \(branch) in it at head"
            }
    }

    private func lines(of table: TableResult, branch: OfficeID) -> [String] {
        let atBranch = "  \(table.name): \(HumanNumber.counted(table.rowsAtSender, "row")) at \(branch)"
        if let problem = table.problem { return ["\(atBranch): not compared: \(problem)"] }
        let kept = table.keptAtReceiver.map { ", and \(HumanNumber.grouped($0)) kept by a recovery" } ?? ""
        let counts = "\(atBranch), \(HumanNumber.grouped(table.rowsAtReceiver)) at head\(kept)"
        if table.agrees { return ["\(counts): agree"] }
        let shown = table.differingKeys.prefix(VerificationReport.keysShown).map { difference in
            "    \(difference.key) \(words(for: difference.kind, branch: branch))"
        }
        let hidden = max(table.differences, table.differingKeys.count) - shown.count
        return ["\(counts): DIFFER"] + shown + (hidden > 0 ? ["    and \(HumanNumber.grouped(hidden)) more"] : [])
    }

    private func words(for kind: KeyDifference.Kind, branch: OfficeID) -> String {
        switch kind {
        case .onlyAtSender: "is only at \(branch)"
        case .onlyAtReceiver: "is only at head"
        case .different: "has different values"
        }
    }

    private var lastLine: String {
        switch office.role {
        case .head:
            let agreeing = answers.results.count(where: \.agrees)
            let verdict = "verify: \(agreeing) of \(answers.branches.count) branches agree"
            guard !unmentioned.isEmpty else { return verdict }
            let tables = HumanNumber.counted(Set(unmentioned.values.joined()).count, "table")
            return "\(verdict) in what they sync; \(tables) with rows of theirs not compared"
        case .branch:
            guard let result = answers.results.first else { return "verify: no answer from head" }
            let differing = result.tables.count { !$0.agrees }
            let tables = HumanNumber.counted(result.tables.count, "table")
            guard differing == 0 else { return "verify: \(office.id) differs from head in \(differing) of \(tables)" }
            let rows = result.tables.reduce(0) { $0 + $1.rowsAtSender }
            return "verify: \(office.id) agrees with head, \(tables), \(HumanNumber.counted(rows, "row"))"
        }
    }
}
