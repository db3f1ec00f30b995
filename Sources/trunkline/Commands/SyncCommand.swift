import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline sync`
struct SyncCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Send what is pending now and wait until the head has acked it.",
        discussion: """
            Runs the branch's services in this process until then, beside those that may run already. \
            Shows a progress bar on a terminal, elsewhere a line a minute.

            Examples:
              trunkline sync
              trunkline sync --timeout 10m && poweroff

            Exit codes: 0 all that was pending is acked and nothing is set aside, 1 not all in time, or a table \
            stands still, 3 all is dealt with and rows are set aside, 4 the stream is stopped, \
            69 database or broker unavailable, 78 configuration, 130 interrupted.
            """)

    @Option(help: ArgumentHelp("Give up after this time, as in 90s or 10m; without it, never.", valueName: "duration"))
    var timeout: DurationArgument?

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object at the end.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("sync", broker: .always, role: .branch))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        let outcome = try await sync(office, store)
        let setAside = try await setAsideRows(store, expected: outcome.setAside)
        await store.close()
        print(json ? try JSONOutput.text(outcome) : outcome.text + setAside)
        if outcome.setAside > 0 { throw ExitStatus.setAside.code }
    }

    private func sync(_ office: OfficeAssembly, _ store: any OfficeStore) async throws -> SyncOutcome {
        let watch = SyncWatch(store: store, stream: office.upstream, timeout: timeout?.duration)
        if let outcome = try await watch.firstLook() { return outcome }
        try await office.checkBroker(for: "sync")
        let services = try CompanionServices(OfficeService.all(at: .branch), of: office)
        return try await services.run { try await watch.untilReached(troubles: services.troubles) }
    }

    private func setAsideRows(
        _ store: any OfficeStore, expected: Int
    ) async throws -> String {
        guard expected > 0, !json else { return "" }
        var text = ""
        for table in try await store.capturedTables() {
            let listing = try await store.rows(of: table, matching: RowFilter(states: [.setAside], limit: 20))
            if !listing.rows.isEmpty { text += "\n\(table):\n" + RowsReport(listing: listing, limit: 20).text }
        }
        return text
    }
}
