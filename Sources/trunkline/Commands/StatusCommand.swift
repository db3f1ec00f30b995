import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline status`
struct StatusCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show each stream: pending, in flight, acked, set aside, watermark, last contact.",
        discussion: """
            Asks this office's database only; needs no broker.

            Examples:
              trunkline status
              trunkline status --json | jq '.[].pending'

            Exit codes: 0 shown (also when a stream is stopped), 69 database unavailable, 78 configuration.
            """)

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON list, one object a stream.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("status"))
        let store = try OfficeAssembly(settings).store()
        let streams = try await store.status().sorted { $0.stream.description < $1.stream.description }
        await store.close()
        if json {
            print(try JSONOutput.text(streams))
        } else {
            print(StatusReport(office: settings.office, streams: streams).text, terminator: "")
        }
    }
}
