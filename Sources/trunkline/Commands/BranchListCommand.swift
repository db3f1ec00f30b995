import ArgumentParser
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// `trunkline branch list`
struct BranchListCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the branches that the head knows, with their broker users.",
        discussion: """
            Examples:
              trunkline branch list
              trunkline branch list --json

            Exit codes: 0 done, 69 database unavailable, 78 configuration.
            """)

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON list.")
    var json = false

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("branch list", role: .head))
        let store = try OfficeAssembly(settings).store()
        let branches = try await store.branches()
        await store.close()
        if json {
            print(try JSONOutput.text(branches))
        } else {
            var table = TextTable([.init("BRANCH"), .init("BROKER USER"), .init("STATE")])
            for branch in branches {
                table.add([branch.id.description, branch.brokerUser, branch.isSuspended ? "suspended" : "active"])
            }
            print(table.rendered(), terminator: "")
        }
    }
}
