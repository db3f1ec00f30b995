import ArgumentParser
import FoundationEssentials
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline verify`
struct VerifyCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare branch and head, table by table, in both directions, and name the keys that differ.",
        discussion: """
            Row counts and a digest of all rows travel over the broker, and are compared at the same watermark, \
            so writing may go on. At a branch this office is compared with the head, and the branch's services \
            run in this process meanwhile. At the head every branch is asked, whose services must be running; \
            so must the head's own, or add --run-services. Tables that the branches write are called up, those that the \
            head writes down.

            --repair mends what this office sends: at a branch it makes the head as the branch is, in the tables that \
            go up; at the head it makes the asked branches as the head is, in those that go down. Rows that differ or that \
            only this office has are sent again, and rows that only the other one has are removed there by deletes. \
            Afterwards both sides are compared once more.

            --table reports of these tables only, and repairs no others; all are compared.

            Examples:
              trunkline verify
              trunkline verify --table product_sales --repair
              trunkline verify --branch east --branch west --timeout 2m      (at the head)
              trunkline verify --branch east --table price --repair          (at the head)

            At the head, tables with rows of a branch that does not sync them are named, since nothing compares them.

            Exit codes: 0 all agree, 1 no answer in time (from the branches that are named), a table stands still or was \
            not compared, 2 some differ, 4 a stream is stopped, 69 database or broker unavailable, 78 configuration, 130 interrupted.
            """)

    @Option(
        help: ArgumentHelp("At the head: only this branch; may be given several times.", valueName: "id"),
        transform: NameArgument.office)
    var branch: [OfficeID] = []

    @Option(
        help: ArgumentHelp("Only this table; may be given several times.", valueName: "name"),
        transform: NameArgument.table)
    var table: [TableName] = []

    @Flag(help: "Send again what differs of this office's tables, and deletes for what only the other side has.")
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
            for: SettingsRequirements("verify --branch", broker: .always, role: branch.isEmpty ? nil : .head))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        let role = settings.office.role
        let question = VerificationQuestion(office: office, store: store)
        let scope = try await question.scope(branch)
        try await check(scope, settings.office, store)
        try await office.checkBroker(for: "verify")
        let runs = runServices ?? (role == .branch)
        let services = try CompanionServices(runs ? OfficeService.all(at: role) : [], of: office)
        let repairing = VerificationRepair(
            office: office, store: store, scope: scope, tables: table, timeout: timeout.duration,
            troubles: services.troubles)
        let outcome = try await services.run { [timeout = timeout.duration, repair, table] in
            let all = try await question.ask(scope, timeout: timeout, troubles: services.troubles)
            try Self.check(all, speakOf: table)
            let answers = all.limited(to: repairing.tables)
            guard repair else { return VerificationRepair.Outcome(answers: answers, sent: 0) }
            return try await repairing.run(after: answers)
        }
        // What stands still at a sender does so in each of its streams.
        let standing = Set(try await store.status().flatMap(\.standing)).filter {
            table.isEmpty || table.contains($0.table)
        }.sorted { $0.table < $1.table }
        let unmentioned =
            try await role == .head && table.isEmpty
            ? unmentioned(in: outcome.answers, settings.tables.rules ?? [], store) : [:]
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
                "not everything was compared: mend what is said above of a table, or name the others with --table"
            )
        case .agree:
            throw CommandFailure(
                .incomplete,
                standing.map { "table \"\($0.table)\" stands still: \($0.reason)" }.joined(separator: "\n"))
        case .differ: throw ExitStatus.differs.code
        case .stopped: throw CommandFailure(.stopped, report.stoppedText)
        case .unanswered:
            throw CommandFailure(
                .incomplete, report.unansweredText(timeout: timeout.duration, services.troubles.latest))
        }
    }

    /// What the head holds of branches in tables of which they did not speak.
    private func unmentioned(
        in answers: VerificationAnswers, _ rules: [TableRule], _ store: any OfficeStore
    ) async throws -> [OfficeID: [TableName]] {
        // A table of the head's own may have a column of that name, as one that says for which branch a row is.
        let own = try await store.capturedTables()
        var spokenOf: [OfficeID: [TableName]] = [:]
        for result in answers.results where result.stream.destination == .head {
            spokenOf[result.stream.branch] = result.tables.map(\.name)
        }
        var tables: [OfficeID: [TableName]] = [:]
        for (branch, names) in spokenOf {
            // What was compared of one table may be stored in another.
            let targets = names.compactMap { name in rules.first { $0.name.isSpelled(like: name) }?.target }
            tables[branch] = try await store.tablesHoldingRows(of: branch, besides: names + targets + own)
        }
        return tables
    }

    /// What need not be asked.
    private func check(
        _ scope: VerificationScope, _ office: OfficeSettings, _ store: any OfficeStore
    ) async throws {
        if repair, scope.sent(by: office.id).streams.isEmpty {
            throw CommandFailure(
                .configuration,
                "verify --repair mends what this office sends, and this head sends nothing; run it at the branch")
        }
        // No question travels in a stream that waits for a decision.
        if let only = scope.streams.first, scope.streams.count == 1, let reason = scope.stopped[only] {
            throw CommandFailure.stopped(only, reason, at: office.role)
        }
        // Of a stream that comes from elsewhere the answer says which tables it has.
        guard scope.streams.allSatisfy({ $0.source == office.id }) else { return }
        let synced = try await store.capturedTables()
        if let unknown = table.first(where: { !synced.contains($0) }) {
            throw StoreError.notSynced(unknown, synced: synced)
        }
    }

    /// A table that no branch said anything of was not compared.
    private static func check(_ answers: VerificationAnswers, speakOf table: [TableName]) throws {
        let known = Set(answers.results.flatMap(\.tables).map(\.name))
        guard answers.isComplete, let unknown = table.first(where: { !known.contains($0) }) else { return }
        throw StoreError.notSynced(unknown, synced: known.sorted())
    }
}
