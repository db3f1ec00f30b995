import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline branch remove`
struct BranchRemoveCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take a branch's user, queues and record away; its rows stay at the head.",
        discussion: """
            Its acks that wait at the broker are gone with its queues. After another branch add the branch goes on \
            with what it sends, and gets the head's rows anew; what went at the head meanwhile is still there until: \
            trunkline verify --branch ID --repair

            Examples:
              trunkline branch remove east --yes

            Exit codes: 0 done, 64 no such branch or no --yes, 69 database or broker unavailable, 78 configuration.
            """)

    @Argument(help: ArgumentHelp("The branch.", valueName: "id"), transform: NameArgument.office)
    var branch: OfficeID

    @Flag(help: "Do it: without this, nothing is removed.")
    var yes = false

    @OptionGroup var options: OfficeOptions

    func execute() async throws {
        let settings = try await options.settings(
            for: SettingsRequirements("branch remove", broker: .always, role: .head))
        let office = OfficeAssembly(settings)
        let administration = try office.administration(or: "or suspend the branch")
        let store = try office.store()
        let access = BranchAccess(branch: branch, store: store)
        let record = try await access.record()
        guard yes else {
            throw CommandFailure(
                .usage,
                "this removes the queues of \(branch) and its broker user \(record.brokerUser); say so with --yes")
        }
        let isUserGone = try await access.remove(administration)
        await store.close()
        print(
            "\(branch): removed; its rows stay" + (isUserGone ? "" : ", and so does broker user \(record.brokerUser)"))
    }
}
