import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline init`
struct InitCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Prepare this office's database, and at the head the broker.",
        discussion: """
            Creates the bookkeeping, and the triggers on the tables that this office writes: at a branch those that go \
            up, whose rows become pending, at the head those that go down. At the head it also declares the exchanges, \
            and the queues of every branch. May be run again at any time, as after a change of tables; with tables: all, \
            also after a table was made.

            --dry-run says what would be done, with tables, keys, rows and triggers, and what is in the way; it changes \
            nothing. Before a branch shares tables, trunkline plan says as well in which rows they differ from the head's.

            Examples:
              trunkline init --config head.yaml
              TRUNKLINE_TABLES=product_sales trunkline init --office east --database sqlite:///var/lib/shop.db
              trunkline init --dry-run

            Exit codes: 0 done, 69 database or broker unavailable, 78 configuration or an unfit table.
            """)

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Say what would be done, and change nothing.")
    var dryRun = false

    @Flag(help: "Print a JSON object.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("init", broker: dryRun ? .never : .at(.head), tables: .at(.branch)))
        let isHead = settings.office.role == .head
        let office = OfficeAssembly(settings)
        let store = try office.store()
        if dryRun {
            return try await show(office.initialisationPlan(store, countingRows: true), settings, store)
        }
        let plan = try await office.initialisationPlan(store, countingRows: false)
        guard plan.refusals.isEmpty else { throw SettingsError(plan.refusals) }
        var report = try await store.initialise(setup(settings, plan))
        report.warnings = plan.warnings + report.warnings
        if isHead {
            // Of each branch too: what an earlier version declared is taken over.
            let branches = try await store.branches().map(\.id)
            let setup = try office.transportSetup(for: "init")
            try await setup.closed { try await setup.prepare(for: branches) }
        }
        await store.close()
        let output = InitReport(settings: settings, report: report, declaredTopology: isHead)
        print(json ? try JSONOutput.text(output) : output.text)
        for warning in report.warnings { StandardError.write("warning: \(SafeText.oneLine(warning))\n") }
    }

    /// At a branch the tables that go up are those of the plan: it says which there are, each under one spelling.
    private func setup(_ settings: Settings, _ plan: InitialisationPlan) -> OfficeSetup {
        var rules = settings.tables.rules ?? []
        if settings.office.role == .branch {
            let shared = rules.filter { $0.direction == .shared }
            rules =
                plan.tables.map { table in
                    var rule = shared.first { $0.name.isSpelled(like: table.name) } ?? TableRule(table.name)
                    rule.name = table.name
                    return rule
                } + rules.filter { $0.direction == .down }
        }
        return OfficeSetup(
            office: settings.office.id, role: settings.office.role, tables: rules,
            acceptsNew: settings.tables.acceptsNew, newColumns: settings.newColumns,
            clockTolerance: settings.clockTolerance)
    }

    private func show(_ plan: InitialisationPlan, _ settings: Settings, _ store: any OfficeStore) async throws {
        await store.close()
        let report = InitPlanReport(office: settings.office, plan: plan)
        print(json ? try JSONOutput.text(plan) : report.text)
        for warning in plan.warnings { StandardError.write("warning: \(SafeText.oneLine(warning))\n") }
        guard plan.refusals.isEmpty else { throw SettingsError(plan.refusals) }
    }
}

extension OfficeAssembly {
    /// What `trunkline init` would do.
    func initialisationPlan(_ store: any OfficeStore, countingRows: Bool) async throws -> InitialisationPlan {
        let selection = settings.tables.written(by: settings.office.role)
        let mapped = OfficeSetup(
            office: settings.office.id, role: settings.office.role, tables: settings.tables.rules ?? []
        ).mapped
        var plan = try await store.planInitialisation(selection, mapped: mapped, countingRows: countingRows)
        if case .all = selection, plan.tables.isEmpty, plan.refusals.isEmpty {
            plan.refusals = [
                "tables: all: this database has no table that can be synced; make one, or check database.url"
            ]
        }
        return plan
    }
}
