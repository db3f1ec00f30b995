import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline status`
struct StatusCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show each stream: pending, in flight, acked, set aside, watermark, last contact.",
        discussion: """
            Asks this office's database only; needs no broker. Below the streams it says what deserves a look: which \
            service fails, since when and why; which has not run here; at the head, which branch was added and has not \
            been heard of; at a branch, which table of its configuration nobody captures. ACKED counts rows and deletes that the head has committed, the set-aside ones among them, \
            at both ends.

            Examples:
              trunkline status
              trunkline status --watch
              trunkline status --services --json
              trunkline status --json | jq '.[].pending'

            Exit codes: 0 shown (also when a stream is stopped), 64 usage, 69 database unavailable, 78 configuration.
            """)

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON list, one object a stream; with --services one a service and machine.")
    var json = false

    @Flag(help: "Show what the services of this office say of themselves, instead of the streams.")
    var services = false

    @Flag(help: "Show it anew every second, until Ctrl-C.")
    var watch = false

    func validate() throws {
        if watch, json { throw ValidationError("--watch is for people; leave --json out") }
    }

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("status"))
        let store = try OfficeAssembly(settings).store()
        guard watch else {
            let text = try await text(settings, store)
            await store.close()
            return print(text, terminator: "")
        }
        guard Terminal.isScreen else {
            throw CommandFailure(.usage, "--watch draws on a terminal, and stdout is none; leave it out")
        }
        while true {
            Terminal.redraw(try await text(settings, store))
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func text(_ settings: Settings, _ store: any OfficeStore) async throws -> String {
        if services {
            let notes = try await store.serviceNotes()
            return json ? try JSONOutput.text(notes) + "\n" : ServicesReport(notes: notes).text
        }
        try await store.requireOwner(settings.office.id)
        let streams = try await store.status().sorted { $0.stream.description < $1.stream.description }
        if json { return try JSONOutput.text(streams) + "\n" }
        let isHead = settings.office.role == .head
        // Tables of the configuration that `init` has not seen, as one that was made later where `tables` is `all`.
        let plan = isHead ? nil : try await store.planInitialisation(settings.tables, countingRows: false)
        let isNew = plan?.createsBookkeeping ?? true
        return StatusReport(
            office: settings.office, streams: streams, notes: try await store.serviceNotes(),
            branches: isHead ? try await store.branches() : [],
            uncaptured: isNew ? [] : plan?.tables.filter(\.isNew).map(\.name) ?? [],
            refusals: isNew ? [] : plan?.refusals ?? []
        ).text
    }
}
