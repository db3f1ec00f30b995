import ArgumentParser
import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

/// Where a new password goes: into a kit, or once to the terminal; never into JSON or a log.
struct CredentialsOutput: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write the branch's configuration and credentials into this directory, in place of printing the password.",
            valueName: "directory"))
    var kit: String?

    @Option(
        help: ArgumentHelp(
            "The broker as the branch reaches it, where that is not broker.url: amqps://broker.example:5671.",
            valueName: "url"))
    var brokerAddress: String?

    @Flag(help: "Print a JSON object; a new password needs --kit then.")
    var json = false

    /// Finds out what would be in the way, before there is a password that nobody would get to see.
    func prepared(_ office: OfficeAssembly) throws -> Prepared {
        let own = try office.brokerAddress
        return Prepared(
            address: try brokerAddress.map { address in try own.reached(at: address) } ?? own,
            kit: try kit.map { try BranchKit(at: $0) }, caFile: office.settings.broker.caFile)
    }

    func requireKitForJSON() throws {
        guard json, kit == nil else { return }
        throw CommandFailure(.usage, "--json shows no password; write it into a kit with --kit DIRECTORY")
    }

    struct Prepared {
        let address: BrokerAddress
        let kit: BranchKit?
        let caFile: String?

        /// - Returns: what to print.
        func deliver(_ credentials: BranchCredentials, of branch: OfficeID, directory: String?) throws -> String {
            guard let kit, let directory else {
                let url = address.url(user: credentials.user, password: credentials.password)
                return "\(branch): its broker.url, shown this once: \(url.revealed)"
            }
            try kit.write(branch, credentials, at: address, caFile: caFile)
            return "\(branch): its kit is in \(directory); bring it there by a way that nobody else can read"
        }
    }
}
