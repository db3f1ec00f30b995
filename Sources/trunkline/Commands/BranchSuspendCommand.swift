import ArgumentParser
import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

/// `trunkline branch suspend`
struct BranchSuspendCommand: BranchChangeCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Shut a branch out: at the broker, and at the head.",
        discussion: """
            Its broker user cannot connect any more and its connections are closed; what it has sent and the head has \
            not yet stored goes to trunkline.dead, and is sent again after branch resume. Others notice nothing. \
            A user that was recorded with --user is shut out at the head only.

            Examples:
              trunkline branch suspend east

            Exit codes: 0 done, 64 no such branch, 69 database or broker unavailable, 78 configuration.
            """)

    @Argument(help: ArgumentHelp("The branch.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID

    @OptionGroup var options: OfficeOptions

    func change(_ access: BranchAccess, _ administration: BrokerAdministration?) async throws -> String {
        try await access.suspend(administration)
            ? "suspended; its broker user is shut out"
            : "suspended at the head; its broker user can still connect"
    }
}
