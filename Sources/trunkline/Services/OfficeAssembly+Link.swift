import TrunklineCore
import TrunklineRuntime

extension OfficeAssembly {
    /// Lends a link for one piece of work and closes it in any case.
    func withLink<Result>(
        for name: String, _ work: (any BrokerLink) async throws -> Result
    ) async throws -> Result {
        let link = try link(for: name)
        do {
            let result = try await work(link)
            await link.close()
            return result
        } catch {
            await link.close()
            throw error
        }
    }
}
