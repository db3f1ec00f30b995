import ArgumentParser
import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

/// `trunkline branch resume`
struct BranchResumeCommand: BranchChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a suspended branch in again.",
        discussion: """
            Its services connect again by themselves, and send what was refused once more.

            Examples:
              trunkline branch resume east

            Exit codes: 0 done, 64 no such branch, 69 database or broker unavailable, 78 configuration.
            """)

    @Argument(help: ArgumentHelp("The branch.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID

    @OptionGroup var options: OfficeOptions

    func change(_ access: BranchAccess, _ administration: BrokerAdministration?) async throws -> String {
        try await access.resume(administration)
        return "resumed"
    }
}
