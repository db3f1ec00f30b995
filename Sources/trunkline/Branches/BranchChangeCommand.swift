import ArgumentParser
import TrunklineCore
import TrunklineManagement
import TrunklineRuntime

/// A command at the head that changes what one branch may do.
protocol BranchChangeCommand: OfficeCommand {
    var branch: OfficeID { get }

    /// - Parameter administration: nil when the broker's management is not configured.
    /// - Returns: what was done, for people.
    func change(_ access: BranchAccess, _ administration: BrokerAdministration?) async throws -> String
}

extension BranchChangeCommand {
    func execute() async throws {
        let name = "branch \(Self.configuration.commandName ?? "")"
        let settings = try await options.settings(for: SettingsRequirements(name, broker: .always, role: .head))
        let office = OfficeAssembly(settings)
        let store = try office.store()
        let done = try await change(BranchAccess(branch: branch, store: store), office.administration)
        await store.close()
        print("\(branch): \(done)")
    }
}
