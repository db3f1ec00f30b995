import ArgumentParser
import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

/// `trunkline branch add`
struct BranchAddCommand: OfficeCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Declare a branch's queues, make its broker user, and record both at the head.",
        discussion: """
            The user is made through broker.management-url. It may write with its own routing key and read its own \
            queues, and nothing else. The head takes the branch's rows from this user alone. May be run again; what \
            is there stays, the password too; --password-file sets it.

            With --kustomize it writes the branch's folder into an overlay of k8s/overlays and does nothing else: when \
            the overlay is applied, a job of the cluster runs branch add.

            Examples:
              trunkline branch add east --kit kits/east
              trunkline branch add east --user east        (a broker user that is there already)
              trunkline branch add south --kustomize k8s/overlays/testbed

            Exit codes: 0 done, 69 database or broker unavailable, 78 configuration.
            """)

    @Argument(
        help: ArgumentHelp("The branch's name: a-z, 0-9 and -, at most 63.", valueName: "id"),
        transform: NameArgument.office)
    var branch: OfficeID

    @Option(help: ArgumentHelp("A broker user that exists: record it, and make none.", valueName: "name"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "Give the branch's broker user the password in this file, whether it is new or not.", valueName: "path"))
    var passwordFile: PasswordFile?

    @Option(help: ArgumentHelp("Only add the branch's folder to this overlay.", valueName: "overlay"))
    var kustomize: String?

    @OptionGroup var output: CredentialsOutput

    @OptionGroup var options: OfficeOptions

    func validate() throws {
        guard branch.isBranchName else { throw ValidationError("A branch may not be named \(branch).") }
        guard user == nil || output.kit == nil else {
            throw ValidationError("--kit needs a new user's password; leave --user or --kit out.")
        }
        guard passwordFile == nil || (user == nil && output.kit == nil) else {
            throw ValidationError("--password-file names the new user's password; leave --user and --kit out.")
        }
        guard kustomize == nil || (user == nil && output.kit == nil && passwordFile == nil && !output.json) else {
            throw ValidationError("--kustomize stands alone: the cluster makes the user.")
        }
        guard user?.isEmpty != true else { throw ValidationError("--user needs a name.") }
    }

    func execute() async throws {
        if let kustomize { return try writeFolder(in: kustomize) }
        let password = try passwordFile?.read()
        let settings = try await options.settings(for: SettingsRequirements("branch add", broker: .always, role: .head))
        let office = OfficeAssembly(settings)
        let administration =
            user == nil
            ? try office.administration(or: "or name a broker user that is there already with --user") : nil
        let prepared = try output.prepared(office)
        let store = try office.store()
        if let administration, password == nil { try await refuseWhatCannotBeShown(administration, store) }
        let name = user ?? administration!.userName(of: branch)
        let setup = try office.transportSetup(for: "branch add")
        let isNew = try await setup.closed {
            try await setup.keepAlive()
            // Before the branch's batches find their way here: one of an unknown branch is refused.
            let isNew = try await store.addBranch(branch, brokerUser: name)
            try await setup.prepare(for: [branch])
            return isNew
        }
        let credentials = try await administration.asyncFlatMap {
            try await BranchAccess(branch: branch, store: store).addUser($0, password: password)
        }
        await store.close()
        var lines = ["\(branch): \(isNew ? "added" : "was there already"); its queues are declared"]
        if password != nil, let credentials {
            lines.append("\(branch): broker user \(credentials.user), with the password of --password-file")
        } else if let credentials {
            lines.append(try prepared.deliver(credentials, of: branch, directory: output.kit))
        } else {
            lines.append(
                "\(branch): broker user \(name)" + (user == nil ? " was there already, with its password" : ""))
        }
        let result = Result(branch: branch, added: isNew, brokerUser: name, kit: credentials == nil ? nil : output.kit)
        print(output.json ? try JSONOutput.text(result) : lines.joined(separator: "\n"))
    }

    private func writeFolder(in overlay: String) throws {
        let folder = try KustomizeFolder(overlay: overlay, branch: branch)
        switch try folder.write() {
        case .written: print("\(branch): \(folder.path) is part of \(overlay); make its secrets, and apply the overlay")
        case .wasThere: print("\(branch): \(folder.path) was part of \(overlay) already")
        }
    }

    private func refuseWhatCannotBeShown(
        _ administration: BrokerAdministration, _ store: any OfficeStore
    ) async throws {
        let name = administration.userName(of: branch)
        guard try await administration.userExists(name) else { return try output.requireKitForJSON() }
        if let kit = output.kit {
            let rotate = "trunkline branch rotate \(branch) --kit \(kit)"
            // After a restore of the head the broker may know a branch that the head does not.
            let wayOut =
                try await store.branch(branch) == nil
                ? "with the kit that the branch has, run: trunkline branch add \(branch); for a new kit, then: \(rotate)"
                : "run: \(rotate)"
            throw CommandFailure(
                .configuration, "broker user \(name) is there already, and nobody knows its password; \(wayOut)")
        }
    }

    private struct Result: Encodable {
        var branch: OfficeID
        /// False when it was there already.
        var added: Bool
        var brokerUser: String
        /// Where the new password is.
        var kit: String?
    }
}

extension Optional {
    fileprivate func asyncFlatMap<Result>(
        _ transform: (Wrapped) async throws -> Result?
    ) async throws -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
