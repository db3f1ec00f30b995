import FoundationEssentials
import TrunklineCore
import TrunklineSQLite

extension World {
    /// Somebody's `trunkline` command at an office: nothing holds it up, and it does not die.
    func asOperator<Value: Sendable>(
        of office: SimulatedOffice, _ command: (SQLiteStore) async throws -> Value
    ) async throws -> Value {
        let name = "\(office.id) operator"
        let database = try takeStore(for: name, of: office)
        database.probe.life = Life(name: name, world: self, isSteady: true)
        defer { giveBack(database, from: name) }
        return try await command(database.store)
    }

    /// `trunkline verify`: the question of each stream is answered, and both sides agree; but for those whose receiver
    /// keeps rows, where some may be set aside.
    func verify() async throws {
        var questions: [(Flow, VerificationRequest)] = []
        for flow in flows where !keepsRows.contains(flow.stream) {
            let question = VerificationRequest(id: UUID(), stream: flow.stream)
            try await asOperator(of: flow.sender) { store in try await store.requestVerification(question) }
            questions.append((flow, question))
        }
        log.note("all streams are verified")
        for process in processes { process.hasNews = true }
        try await settle()
        for (flow, question) in questions {
            let result = try await asOperator(of: flow.sender) { store in
                try await store.verificationResults(question.id)
            }.first { $0.stream == flow.stream }
            guard let result, result.agrees else {
                throw BrokenPromise(
                    "10. It converges",
                    "the verification of \(flow.stream) \(result == nil ? "has no result" : "finds differences")")
            }
        }
    }
}
