import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline plan`
struct PlanCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Say what init would do, what would become of a table or a row, and in which rows tables that a branch is about to share differ from the head's.",
        discussion: """
            As init --dry-run, which asks nobody. At a branch whose configuration shares tables that it did not share \
            before, the head is asked besides: its rows and this office's are compared, and the keys that differ are \
            listed, with what the conflict policy would make of them. The branch's services run in this process meanwhile; \
            the head's must be running, and init must have been run there with the same tables.

            Nothing joins by it. What waits in tables that are synced already travels meanwhile as ever. The bookkeeping is \
            made if there is none yet.

            Of one table, with nothing changed, by the configuration as it is now: as this office writes it, which columns travel, \
            and how many rows each office would get of it; as it takes it from others, what each of their columns becomes here, and \
            what makes the others. Of one row of it: with --key, a row that this office \
            writes, as it would travel, and where to; with --set, a row as it would come from another office (its columns, as \
            they are called there; those that are not named are NULL), and what would be stored of it here.

            Examples:
              trunkline plan
              trunkline plan --timeout 2m --json
              trunkline plan product_sales
              trunkline plan price --key 17
              trunkline plan product_sales --set id=17 --set qty=3 --set total=12.50 --branch east     (at the head)

            Exit codes: 0 nothing differs, or the table or row would be taken or left out; 1 no answer in time, a table was not compared, or \
            there is no such row; 2 rows differ, 3 the row, or rows of the table, would be set aside, 4 the stream from the head is stopped, 64 usage, \
            69 database or broker unavailable, 78 configuration or an unfit table, 130 interrupted.
            """)

    @Argument(help: "The table, as its sender calls it: name or schema.name.", transform: NameArgument.table)
    var table: TableName?

    @Option(help: ArgumentHelp("A row's key: once for each of its columns, in their order.", valueName: "value"))
    var key: [String] = []

    @Option(
        help: ArgumentHelp("A value of a row from elsewhere; without '=': NULL.", valueName: "column=value"))
    var set: [String] = []

    @Option(
        help: ArgumentHelp("At the head: where the row comes from.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID?

    @Option(help: ArgumentHelp("How long to wait for the head's answer.", valueName: "duration"))
    var timeout = DurationArgument(.seconds(300))

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        guard key.isEmpty || set.isEmpty else { throw ValidationError("Give --key or --set, not both.") }
        guard table != nil || key.isEmpty && set.isEmpty else {
            throw ValidationError("--key and --set need the table.")
        }
        guard branch == nil || table != nil && key.isEmpty else {
            throw ValidationError("--branch says where a table or a row of it comes from.")
        }
        try Assignments.check(set)
    }

    func execute() async throws {
        if let table {
            let planning = try await TablePlanning(table, branch: branch, options)
            if !key.isEmpty {
                try await planning.departure(of: key, json)
            } else if !set.isEmpty {
                try await planning.arrival(of: Assignments.values(set), json)
            } else {
                try await planning.whole(json)
            }
            return
        }
        let settings = try await options.settings(
            for: SettingsRequirements("plan", broker: .at(.branch), tables: .at(.branch)))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        let plan = try await office.initialisationPlan(store, countingRows: true)
        for warning in plan.warnings { StandardError.write("warning: \(SafeText.oneLine(warning))\n") }
        guard plan.refusals.isEmpty else { throw SettingsError(plan.refusals) }
        var report = PlanReport(office: settings.office, plan: plan, rules: settings.tables.rules ?? [])
        if settings.office.role == .branch, !report.joining.isEmpty {
            try await compare(&report, office, store)
        }
        await store.close()
        print(json ? try JSONOutput.text(report.summary) : report.text)
        switch report.verdict {
        case .agree: return
        case .differ: throw ExitStatus.differs.code
        case .incomplete: throw CommandFailure(.incomplete, "not every table was compared: see above")
        case .unanswered(let reason): throw CommandFailure(.incomplete, reason)
        case .stopped(let reason):
            throw CommandFailure.stopped(
                StreamID(from: .head, to: settings.office.id), reason, at: settings.office.role)
        }
    }

    private func compare(
        _ report: inout PlanReport, _ office: OfficeAssembly, _ store: any OfficeStore
    ) async throws {
        let id = office.settings.office.id
        if report.plan.createsBookkeeping {
            // Of an office without tables.
            let made = try await store.initialise(OfficeSetup(office: id, role: .branch, tables: [TableRule]()))
            for warning in made.warnings { StandardError.write("warning: \(SafeText.oneLine(warning))\n") }
            report.plan.createsBookkeeping = false
        } else {
            try await store.requireOwner(id)
        }
        try await store.plan(report.joining)
        try await office.checkBroker(for: "plan")
        let stream = StreamID(from: .head, to: id)
        var scope = VerificationScope()
        scope.streams = [stream]
        scope.stopped = VerificationScope.stopped(scope.streams, try await store.status())
        let question = VerificationQuestion(office: office, store: store)
        StandardError.write(
            "plan: the head is asked, and answers when its services run; at most \(DurationText.format(timeout.duration))\n"
        )
        let services = try CompanionServices(OfficeService.all(at: .branch), of: office)
        let answers = try await services.run { [timeout = timeout.duration, scope] in
            try await question.ask(scope, timeout: timeout, troubles: services.troubles)
        }
        if let reason = answers.stopped[stream] {
            report.silence = .stopped(reason)
        } else if let answer = answers.results.first {
            report.answer = answer
        } else {
            let hint =
                services.troubles.latest ?? "do the services run at the head, and was init run there with these tables?"
            report.silence = .unanswered(
                "no answer from the head after \(DurationText.format(timeout.duration)); \(hint)")
        }
    }
}
