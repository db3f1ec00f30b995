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

    /// `trunkline verify`: the question of each branch is answered, and both sides agree; but for branches of which the
    /// head keeps rows, where some may be set aside.
    func verify() async throws {
        var questions: [(SimulatedOffice, VerificationRequest)] = []
        for branch in branches where !keepsRows.contains(branch.id) {
            let question = VerificationRequest(id: UUID(), stream: branch.stream)
            try await asOperator(of: branch) { store in try await store.requestVerification(question) }
            questions.append((branch, question))
        }
        log.note("all branches are verified")
        for process in processes { process.hasNews = true }
        try await settle()
        for (branch, question) in questions {
            let result = try await asOperator(of: branch) { store in
                try await store.verificationResults(question.id)
            }.first
            guard let result, result.agrees else {
                throw BrokenPromise(
                    "10. It converges",
                    "the verification of \(branch.id) \(result == nil ? "has no result" : "finds differences")")
            }
        }
    }
}
