import ArgumentParser
import FoundationEssentials
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline verify`
struct VerifyCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare branch and head, table by table, and name the keys that differ.",
        discussion: """
            Row counts and a digest of all rows travel over the broker, and are compared at the same watermark, \
            so writing may go on. At a branch this office is compared with the head, and the branch's services \
            run in this process meanwhile. At the head every branch is asked, whose services must be running; \
            so must the head's own, or add --run-services.

            --repair, at a branch, then makes the head as the branch is: rows that differ or that only the branch has are \
            sent again, and rows that only the head has are removed there by deletes that the branch sends. Afterwards \
            both sides are compared once more.

            --table reports of these tables only, and repairs no others; all are compared.

            Examples:
              trunkline verify
              trunkline verify --table product_sales --repair
              trunkline verify --branch east --branch west --timeout 2m      (at the head)

            At the head, tables with rows of a branch that does not sync them are named, since nothing compares them.

            Exit codes: 0 all agree, 1 no answer in time (from the branches that are named), a table stands still or was \
            not compared, 2 some differ, 4 the stream is stopped, 69 database or broker unavailable, 78 configuration, 130 interrupted.
            """)

    @Option(
        help: ArgumentHelp("At the head: only this branch; may be given several times.", valueName: "id"),
        transform: NameArgument.office)
    var branch: [OfficeID] = []

    @Option(
        help: ArgumentHelp("Only this table; may be given several times.", valueName: "name"),
        transform: NameArgument.table)
    var table: [TableName] = []

    @Flag(help: "At a branch: send again what differs, and deletes for what only the head has.")
    var repair = false

    @Option(help: ArgumentHelp("How long to wait for the answers.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(300))

    @Flag(
        inversion: .prefixedNo,
        help: "Run this office's services meanwhile (default: at a branch yes, at the head no).")
    var runServices: Bool?

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements(
                repair ? "verify --repair" : "verify --branch", broker: .always,
                role: repair ? .branch : branch.isEmpty ? nil : .head))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        let role = settings.office.role
        let question = VerificationQuestion(office: office, store: store)
        let branches = try await question.branches(branch)
        if role == .branch {
            try await checkTables(store)
            try await checkStream(store)
        }
        try await office.checkBroker(for: "verify")
        let runs = runServices ?? (role == .branch)
        let services = try CompanionServices(runs ? OfficeService.all(at: role) : [], of: office)
        let repairing = VerificationRepair(
            office: office, store: store, tables: table, timeout: timeout.duration, troubles: services.troubles)
        let outcome = try await services.run { [timeout = timeout.duration, repair, table] in
            let all = try await question.ask(branches, timeout: timeout, troubles: services.troubles)
            try Self.check(all, speakOf: table)
            let answers = all.limited(to: repairing.tables)
            guard repair else { return VerificationRepair.Outcome(answers: answers, sent: 0) }
            return try await repairing.run(after: answers)
        }
        let standing = try await store.status().flatMap(\.standing).filter { table.isEmpty || table.contains($0.table) }
        let unmentioned = try await role == .head && table.isEmpty ? unmentioned(in: outcome.answers, store) : [:]
        await store.close()
        let report = VerificationReport(at: settings.office, answers: outcome.answers, unmentioned: unmentioned)
        if json {
            var summary = report.summary
            summary.repaired = repair ? outcome.sent : nil
            print(try JSONOutput.text(summary))
        } else {
            if repair { print("repair: \(HumanNumber.counted(outcome.sent, "key")) sent again; both sides now:") }
            print(report.text)
        }
        switch report.verdict {
        case .agree where standing.isEmpty: return
        case .incomplete:
            throw CommandFailure(
                .incomplete,
                "not everything was compared: where a branch does not sync a table any more, delete its rows at the head, or name the tables with --table"
            )
        case .agree:
            throw CommandFailure(
                .incomplete,
                standing.map { "table \"\($0.table)\" stands still: \($0.reason)" }.joined(separator: "\n"))
        case .differ: throw ExitStatus.differs.code
        case .unanswered:
            throw CommandFailure(
                .incomplete, report.unansweredText(timeout: timeout.duration, services.troubles.latest))
        }
    }

    /// What the head holds of branches in tables of which they did not speak.
    private func unmentioned(
        in answers: VerificationAnswers, _ store: any OfficeStore
    ) async throws -> [OfficeID: [TableName]] {
        var tables: [OfficeID: [TableName]] = [:]
        for result in answers.results {
            let branch = result.stream.source
            tables[branch] = try await store.tablesHoldingRows(of: branch, besides: result.tables.map(\.name))
        }
        return tables
    }

    /// No question travels in a stream that waits for a decision.
    private func checkStream(_ store: any OfficeStore) async throws {
        for status in try await store.status() where status.direction == .sending {
            guard let reason = status.stopped else { continue }
            throw CommandFailure.stopped(status.stream, reason)
        }
    }

    /// A table that no branch said anything of was not compared.
    private static func check(_ answers: VerificationAnswers, speakOf table: [TableName]) throws {
        let known = Set(answers.results.flatMap(\.tables).map(\.name))
        guard answers.isComplete, let unknown = table.first(where: { !known.contains($0) }) else { return }
        throw StoreError.notSynced(unknown, synced: known.sorted())
    }

    private func checkTables(_ store: any OfficeStore) async throws {
        let synced = try await store.capturedTables()
        if let unknown = table.first(where: { !synced.contains($0) }) {
            throw StoreError.notSynced(unknown, synced: synced)
        }
    }
}
