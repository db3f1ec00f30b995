import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline branch`
struct BranchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "branch", abstract: "Add, list, suspend and remove branches, at the head.",
        subcommands: [
            BranchAddCommand.self, BranchListCommand.self, BranchRotateCommand.self, BranchSuspendCommand.self,
            BranchResumeCommand.self, BranchRemoveCommand.self,
        ])
}
