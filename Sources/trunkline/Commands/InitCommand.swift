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
            Creates the bookkeeping, and at a branch the triggers on its synced tables, whose rows become \
            pending. At the head it also declares the exchanges, and the queues of every branch. May be run again at any time, \
            as after a change of tables.

            Examples:
              trunkline init --config head.yaml
              TRUNKLINE_TABLES=product_sales trunkline init --office east --database sqlite:///var/lib/shop.db

            Exit codes: 0 done, 69 database or broker unavailable, 78 configuration or an unfit table.
            """)

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("init", broker: .at(.head), tables: .at(.branch)))
        let isHead = settings.office.role == .head
        let office = OfficeAssembly(settings)
        let store = try office.store()
        let report = try await store.initialise(
            OfficeSetup(office: settings.office.id, role: settings.office.role, tables: settings.tables))
        if isHead {
            // Of each branch too: what an earlier version declared is taken over.
            let topology = try await store.branches().reduce(Topology.head) { $0.adding(.branch($1.id)) }
            try await office.withLink(for: "init") { link in try await link.declare(topology) }
        }
        await store.close()
        let output = InitReport(settings: settings, report: report, declaredTopology: isHead)
        print(json ? try JSONOutput.text(output) : output.text)
        for warning in report.warnings { StandardError.write("warning: \(SafeText.oneLine(warning))\n") }
    }
}
