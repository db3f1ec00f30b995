import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline sync`
struct SyncCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Send what is pending now and wait until it is acked; at a branch also get what the head has sent.",
        discussion: """
            At a branch it waits until the head has acked what was pending, and until what the head has sent is stored; \
            where the branch takes tables of the head, until the head has sent something at all. \
            At the head it waits until the branches, or those that are named, have acked what was pending for them; \
            without --branch those that are suspended are left out. Runs the services that it needs in this process until \
            then, beside those that may run already. Shows a progress bar on a terminal, elsewhere a line a minute.

            --json prints one object where it waited for one stream, and a list of such objects where for several: \
            ackedChanges of a stream that this office sends, storedChanges of one that it receives.

            Examples:
              trunkline sync
              trunkline sync --timeout 10m && poweroff
              trunkline sync --branch east --timeout 10m      (at the head)

            Exit codes: 0 all that was pending is acked and nothing is set aside, 1 not all in time, or a table \
            stands still, 3 all is dealt with and rows are set aside, 4 a stream is stopped, \
            69 database or broker unavailable, 78 configuration, 130 interrupted.
            """)

    @Option(
        help: ArgumentHelp("At the head: only this branch; may be given several times.", valueName: "id"),
        transform: NameArgument.office)
    var branch: [OfficeID] = []

    @Option(help: ArgumentHelp("Give up after this time, as in 90s or 10m; without it, never.", valueName: "duration"))
    var timeout: DurationArgument?

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print JSON at the end: an object, or a list of one object a stream.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("sync --branch", broker: .always, role: branch.isEmpty ? nil : .head))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        let report = SyncReport(outcomes: try await sync(office, store))
        // One that is stopped has nothing to report.
        if report.outcomes.count == 1, let only = report.stopped.first {
            throw CommandFailure.stopped(only.stream, only.stopped!, at: settings.office.role)
        }
        let setAside = try await setAsideRows(report, settings.office.role, store)
        await store.close()
        print(json ? try report.json() : report.text + setAside)
        if !report.stopped.isEmpty {
            throw CommandFailure(
                .stopped,
                report.stopped.map { "\(CommandFailure.stopped($0.stream, $0.stopped!, at: settings.office.role))" }
                    .joined(separator: "\n"))
        }
        if report.setAside > 0 { throw ExitStatus.setAside.code }
    }

    private func sync(_ office: OfficeAssembly, _ store: any OfficeStore) async throws -> [SyncOutcome] {
        let role = office.settings.office.role
        let streams = role == .branch ? [office.upstream] : try await downstreams(store)
        let watch = SyncWatch(
            store: store, office: office.settings.office, streams: streams, timeout: timeout?.duration,
            outbox: role == .branch ? try office.outbox(for: "sync") : nil,
            expected: role == .branch && office.settings.tables.hasDown(at: role)
                ? StreamID(from: .head, to: office.settings.office.id) : nil)
        if let outcomes = try await watch.firstLook() { return outcomes }
        try await office.checkBroker(for: "sync")
        // The head's own services have its branches' rows in hand already, which are not waited for.
        let needed: [OfficeService] =
            role == .branch ? OfficeService.all(at: .branch) : [.headPublisher, .headAckListener, .staleReaper]
        let services = try CompanionServices(needed, of: office)
        return try await services.run { try await watch.untilReached(troubles: services.troubles) }
    }

    /// At the head, what it sends to the branches in question.
    private func downstreams(_ store: any OfficeStore) async throws -> [StreamID] {
        let outbound = try await store.outboundStreams()
        guard !outbound.isEmpty else {
            throw CommandFailure(
                .configuration,
                "this head sends nothing to its branches; run sync at a branch, or name tables with direction: down and run trunkline init"
            )
        }
        let branches = try await store.branches()
        guard !branch.isEmpty else {
            let suspended = Set(branches.filter(\.isSuspended).map(\.id))
            return outbound.filter { !suspended.contains($0.branch) }
        }
        for id in branch {
            try await KnownBranch.check(id, in: store)
            guard outbound.contains(StreamID(from: .head, to: id)) else {
                throw CommandFailure(.configuration, "this head sends nothing to \(id)")
            }
            if branches.contains(where: { $0.id == id && $0.isSuspended }) {
                throw CommandFailure(
                    .incomplete,
                    "\(id) is suspended, and nothing travels to it; let it in again with: trunkline branch resume \(id)"
                )
            }
        }
        return Set(branch).map { StreamID(from: .head, to: $0) }
    }

    /// For people: at a branch the rows of its own that are set aside, elsewhere where they are to be seen.
    private func setAsideRows(_ report: SyncReport, _ role: OfficeRole, _ store: any OfficeStore) async throws -> String
    {
        guard report.setAside > 0, !json else { return "" }
        guard role == .branch else { return "\nsee them with: trunkline rows TABLE --branch ID --state set-aside" }
        var text = ""
        if report.outcomes.contains(where: { $0.ackedChanges != nil && $0.setAside > 0 }) {
            for table in try await store.capturedTables() {
                let listing = try await store.rows(of: table, matching: RowFilter(states: [.setAside], limit: 20))
                if !listing.rows.isEmpty { text += "\n\(table):\n" + RowsReport(listing: listing, limit: 20).text }
            }
        }
        if report.outcomes.contains(where: { $0.storedChanges != nil && $0.setAside > 0 }) {
            text += "\nsee rows of the head that are set aside here with: trunkline rows TABLE --state set-aside"
        }
        return text
    }
}
