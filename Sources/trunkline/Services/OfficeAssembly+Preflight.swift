import TrunklineCore
import TrunklineRuntime

extension OfficeAssembly {
    /// Finds out at once what no waiting will mend: a wrong password, a refused certificate.
    /// A broker that is only away is no error here.
    func checkBroker(for name: String) async throws {
        do {
            let outbox = try outbox(for: name)
            try await outbox.closed { try await outbox.keepAlive() }
        } catch let error as BrokerError {
            guard error.isTransient else { throw error }
        }
    }
}
