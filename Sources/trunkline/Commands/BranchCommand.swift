import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline branch`
struct BranchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "branch", abstract: "Add and list branches, at the head.",
        subcommands: [BranchAddCommand.self, BranchListCommand.self])
}
