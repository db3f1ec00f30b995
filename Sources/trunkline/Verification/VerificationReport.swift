import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What a verification found, for people and for scripts.
struct VerificationReport {
    enum Verdict: Hashable {
        case agree, differ, unanswered
        /// What was asked agrees, and of a stopped stream nothing could be asked.
        case stopped
        /// What was compared agrees, and there is more.
        case incomplete
    }

    struct Summary: Encodable {
        var agree: Bool
        /// The branches with a stream of which no answer came.
        var unanswered: [OfficeID]
        /// These streams.
        var unansweredStreams: [StreamID]
        /// One a stream.
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
        if answers.results.contains(where: \.differs) { return .differ }
        guard answers.awaited.isEmpty else { return .unanswered }
        guard answers.isComplete else { return .stopped }
        return unmentioned.isEmpty && answers.results.allSatisfy(\.agrees) ? .agree : .incomplete
    }

    /// Whether the answers are there, and speak of no table.
    var isOfNoTable: Bool { answers.isComplete && answers.results.allSatisfy(\.tables.isEmpty) }

    var summary: Summary {
        Summary(
            agree: verdict == .agree || isOfNoTable, unanswered: branches(of: answers.unanswered),
            unansweredStreams: answers.unanswered, results: answers.results,
            unmentioned: Dictionary(uniqueKeysWithValues: unmentioned.map { ($0.description, $1) }))
    }

    /// Branch by branch and table by table, and the verdict as the last line.
    var text: String {
        let silent = answers.awaited.map { stream in
            let place = office.role == .head ? stream.branch : .head
            return showsDirections ? "\(place): no answer about \(stream)" : "\(place): no answer"
        }
        let stopped = answers.unanswered.compactMap { stream in
            answers.stopped[stream].map {
                "\(stream) is STOPPED, so nothing was compared: \($0); decide with: \(stream.recoverCommand(at: office.role))"
            }
        }
        return (answers.results.flatMap(lines) + stopped + silent + [lastLine]).map(SafeText.oneLine).joined(
            separator: "\n")
    }

    func unansweredText(timeout: Duration, _ trouble: String?) -> String {
        let hint = trouble ?? "are the services running, there and at the head?"
        let silent =
            office.role == .head
            ? branches(of: answers.awaited).map(\.description).joined(separator: ", ") : "the head"
        return "no answer from \(silent) after \(DurationText.format(timeout)); \(hint)"
    }

    /// For who decides: the streams of which nothing could be asked.
    var stoppedText: String {
        answers.unanswered.compactMap { stream in
            answers.stopped[stream].map { "\(CommandFailure.stopped(stream, $0, at: office.role))" }
        }.joined(separator: "\n")
    }

    /// Where only one direction was asked about, nobody needs to be told which.
    private var showsDirections: Bool { answers.streams.contains { $0.source == .head } }

    private func branches(of streams: [StreamID]) -> [OfficeID] { VerificationAnswers(streams: streams).branches }

    private func lines(of result: VerificationResult) -> [String] {
        let (sender, receiver) = (result.stream.source, result.stream.destination)
        return ["\(sender) and \(receiver), at watermark \(result.watermark):"]
            + result.tables.flatMap { lines(of: $0, in: result.stream) }
            + (receiver == .head ? unmentioned[sender] ?? [] : []).map {
                "  \($0): not compared: \(sender) does not sync it, and there are rows of \(sender) in it at head"
            }
    }

    private func lines(of table: TableResult, in stream: StreamID) -> [String] {
        let direction = showsDirections ? stream.source == .head ? " (down)" : " (up)" : ""
        let atSender =
            "  \(table.name)\(direction): \(HumanNumber.counted(table.rowsAtSender, "row")) at \(stream.source)"
        if let problem = table.problem { return ["\(atSender): not compared: \(problem)"] }
        let kept = table.keptAtReceiver.map { ", and \(HumanNumber.grouped($0)) kept by a recovery" } ?? ""
        let counts = "\(atSender), \(HumanNumber.grouped(table.rowsAtReceiver)) at \(stream.destination)\(kept)"
        let but = table.notCompared.map { ", but for \($0.joined(separator: ", ")), not stored as sent" } ?? ""
        if table.agrees { return ["\(counts): agree\(but)"] }
        let shown = table.differingKeys.prefix(VerificationReport.keysShown).map { difference in
            "    \(difference.key) \(words(for: difference.kind, stream))"
        }
        let hidden = max(table.differences, table.differingKeys.count) - shown.count
        return ["\(counts): DIFFER\(but)"] + shown + (hidden > 0 ? ["    and \(HumanNumber.grouped(hidden)) more"] : [])
    }

    private func words(for kind: KeyDifference.Kind, _ stream: StreamID) -> String {
        switch kind {
        case .onlyAtSender: "is only at \(stream.source)"
        case .onlyAtReceiver: "is only at \(stream.destination)"
        case .different: "has different values"
        }
    }

    private var lastLine: String { office.role == .head ? lastLineAtHead : lastLineAtBranch }

    private var lastLineAtHead: String {
        let branches = answers.branches
        let differing = Set(answers.results.filter(\.differs).map(\.stream.branch))
        let silent = Set(answers.unanswered.map(\.branch)).subtracting(differing)
        let incomplete = Set(answers.results.filter { !$0.agrees }.map(\.stream.branch))
            .subtracting(differing).subtracting(silent)
        let agreeing = branches.count - differing.count - silent.count - incomplete.count
        var verdict = "verify: \(agreeing) of \(branches.count) branches agree"
        if !differing.isEmpty { verdict += ", \(differing.count) \(differing.count == 1 ? "differs" : "differ")" }
        if !incomplete.isEmpty { verdict += ", \(incomplete.count) not fully compared" }
        guard !unmentioned.isEmpty else { return verdict }
        let tables = HumanNumber.counted(Set(unmentioned.values.joined()).count, "table")
        return "\(verdict) in what they sync; \(tables) with rows of theirs not compared"
    }

    private var lastLineAtBranch: String {
        let all = answers.results.flatMap(\.tables)
        guard !answers.results.isEmpty else { return "verify: no answer from head" }
        let compared = all.filter { $0.problem == nil }
        let differing = compared.count { !$0.agrees }
        let tables = HumanNumber.counted(compared.count, "table")
        let rows = HumanNumber.counted(compared.reduce(0) { $0 + $1.rowsAtSender }, "row")
        let verdict =
            differing > 0
            ? "verify: \(office.id) differs from head in \(differing) of \(tables)"
            : compared.isEmpty
                ? "verify: nothing of \(office.id) was compared with head"
                : "verify: \(office.id) agrees with head, \(tables), \(rows)"
        let missing = all.filter { $0.problem != nil }.map(\.name.description) + answers.unanswered.map(\.description)
        return missing.isEmpty ? verdict : "\(verdict); not compared: \(missing.joined(separator: ", "))"
    }
}
