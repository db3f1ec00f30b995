import ArgumentParser
import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

/// `trunkline branch rotate`
struct BranchRotateCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give a branch's broker user a new password.",
        discussion: """
            The old password is void at once and the branch's connections are closed. Until it has the new one its \
            rows stay pending there, and nothing is lost.

            Examples:
              trunkline branch rotate east --kit kits/east-2

            Exit codes: 0 done, 64 no such branch, 69 database or broker unavailable, 78 configuration.
            """)

    @Argument(help: ArgumentHelp("The branch.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID

    @OptionGroup var output: CredentialsOutput

    @OptionGroup var options: OfficeOptions

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("branch rotate", broker: .always, role: .head))
        let office = OfficeAssembly(settings)
        let administration = try office.administration(or: "or change the password at the broker")
        try output.requireKitForJSON()
        let prepared = try output.prepared(office)
        let store = try office.store()
        let credentials = try await BranchAccess(branch: branch, store: store).rotate(administration)
        await store.close()
        let line = try prepared.deliver(credentials, of: branch, directory: output.kit)
        let result = Result(branch: branch, brokerUser: credentials.user, kit: output.kit)
        print(output.json ? try JSONOutput.text(result) : line)
    }

    private struct Result: Encodable {
        var branch: OfficeID
        var brokerUser: String
        var kit: String?
    }
}
