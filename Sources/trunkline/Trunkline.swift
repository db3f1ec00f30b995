import ArgumentParser
import TrunklineRuntime

/// The command-line tool: sets offices up, shows their state, and does by hand what the services do.
struct Trunkline: AsyncParsableCommand {
    static let _errorLabel = ErrorLines.program

    static let configuration = CommandConfiguration(
        commandName: "trunkline",
        abstract: "Keeps the database of a head office in step with those of its branches, over RabbitMQ.",
        discussion: """
            Every command reads the configuration of the office that it runs at: flags over TRUNKLINE_… \
            variables over the YAML file that --config or TRUNKLINE_CONFIG names.

            Examples:
              trunkline init --config office.yaml
              trunkline branch add east
              trunkline status
              trunkline sync --timeout 10m

            Exit codes: 0 done, 1 not all done in time, 2 offices differ, 3 rows are set aside, 4 stream \
            stopped, 64 usage, 69 database or broker unavailable, 70 internal, 78 configuration, 130 interrupted.
            """,
        version: ProductVersion.current,
        subcommands: [
            InitCommand.self, PlanCommand.self, BranchCommand.self, StatusCommand.self, SyncCommand.self,
            RowsCommand.self,
            RetryCommand.self, ConflictsCommand.self, ResyncCommand.self, VerifyCommand.self, RecoverCommand.self,
            RunCommand.self,
            HealthCommand.self, ConfigCommand.self,
        ])
}
