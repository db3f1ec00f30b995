import TrunklineCore

extension TransportLink {
    /// Does one piece of work with the link and closes it in any case.
    func closed<Result>(after work: () async throws -> Result) async throws -> Result {
        do {
            let result = try await work()
            await close()
            return result
        } catch {
            await close()
            throw error
        }
    }
}
