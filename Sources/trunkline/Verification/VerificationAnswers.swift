import TrunklineCore

/// The results of a verification as they come in, one a branch.
struct VerificationAnswers: Sendable {
    let branches: [OfficeID]
    private var firstRounds: [OfficeID: VerificationResult] = [:]
    private var finals: [OfficeID: VerificationResult] = [:]

    init(branches: [OfficeID]) { self.branches = branches }

    /// - Parameter results: all that the store knows of, again and again.
    mutating func take(_ results: [VerificationResult]) {
        for result in results where branches.contains(result.stream.source) {
            let branch = result.stream.source
            if VerificationAnswers.isFinal(result) {
                finals[branch] = merged(result, after: firstRounds[branch])
            } else {
                firstRounds[branch] = result
            }
        }
    }

    /// With these tables alone; none: with all.
    func limited(to tables: [TableName]) -> VerificationAnswers {
        guard !tables.isEmpty else { return self }
        var limited = self
        limited.finals = finals.mapValues { result in
            var result = result
            result.tables = result.tables.filter { tables.contains($0.name) }
            return result
        }
        return limited
    }

    var isComplete: Bool { unanswered.isEmpty }
    var unanswered: [OfficeID] { branches.filter { finals[$0] == nil } }
    /// In the order of the branches.
    var results: [VerificationResult] { branches.compactMap { finals[$0] } }

    /// A second round that could name no key is never asked for.
    private static func isFinal(_ result: VerificationResult) -> Bool {
        !result.needsSecondRound || result.tables.allSatisfy { $0.agrees || $0.problem != nil }
    }

    /// The second round speaks only of the tables that differed in the first.
    private func merged(_ result: VerificationResult, after first: VerificationResult?) -> VerificationResult {
        var result = result
        let known = Set(result.tables.map(\.name))
        result.tables += (first?.tables ?? []).filter { !known.contains($0.name) }
        result.tables.sort { $0.name < $1.name }
        return result
    }
}
