import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline branch resume`
struct BranchResumeCommand: OfficeCommand {
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

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("branch resume", broker: .always, role: .head))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        try await BranchAccess(branch: branch, store: store).resume(try office.administration)
        await store.close()
        print("\(branch): resumed")
    }
}
