import ArgumentParser
import TrunklineRuntime

/// `trunkline run`
struct RunCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run all services of this office in one process.",
        discussion: """
            For a small office PC: the publisher and the ack listener for what this office sends, the ingestor and the \
            acker for what it gets, and the stale reaper. Runs until SIGTERM or SIGINT, through any loss of database or broker.

            Examples:
              trunkline run --config /etc/trunkline/office.yaml

            Exit codes: 0 stopped as asked, 64 usage, 70 internal, 78 configuration.
            """)

    @OptionGroup var options: OfficeOptions

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("run", broker: .always))
        try await OfficeAssembly(settings).run(OfficeService.all(at: settings.office.role), as: "trunkline")
    }
}
