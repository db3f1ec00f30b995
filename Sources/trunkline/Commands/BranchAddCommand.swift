import ArgumentParser
import TrunklineCore
import TrunklineRuntime

/// `trunkline branch add`
struct BranchAddCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Declare a branch's queues and record the branch at the head.",
        discussion: """
            May be run again; what is there stays.

            Examples:
              trunkline branch add east
              for id in east west north; do trunkline branch add $id; done

            Exit codes: 0 done, 69 database or broker unavailable, 78 configuration.
            """)

    @Argument(
        help: ArgumentHelp("The branch's name: a-z, 0-9 and -, at most 63.", valueName: "id"),
        transform: NameArgument.office)
    var branch: OfficeID

    @OptionGroup var options: OfficeOptions

    @Flag(help: "Print a JSON object.")
    var json = false

    func validate() throws {
        guard branch.isBranchName else { throw ValidationError("A branch may not be named \(branch).") }
    }

    func execute() async throws {
        let settings = try await options.settings(for: SettingsRequirements("branch add", broker: .always, role: .head))
        let office = OfficeAssembly(settings)
        try await office.withLink(for: "branch add") { link in
            try await link.declare(.head.adding(.branch(branch)))
        }
        let store = try office.store()
        let isNew = try await store.addBranch(branch)
        await store.close()
        if json {
            print(try JSONOutput.text(Result(branch: branch, added: isNew)))
        } else {
            print("\(branch): \(isNew ? "added" : "was there already"); its queues are declared")
        }
    }

    private struct Result: Encodable {
        var branch: OfficeID
        /// False when it was there already.
        var added: Bool
    }
}
