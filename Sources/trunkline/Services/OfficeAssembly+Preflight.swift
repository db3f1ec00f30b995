import TrunklineCore
import TrunklineRuntime

extension OfficeAssembly {
    /// Finds out at once what no waiting will mend: a wrong password, a refused certificate.
    /// A broker that is only away is no error here.
    func checkBroker(for name: String) async throws {
        do {
            try await withLink(for: name) { link in try await link.keepAlive() }
        } catch let error as BrokerError {
            guard error.isTransient else { throw error }
        }
    }
}
