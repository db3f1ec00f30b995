import TrunklineCore

/// Runs worlds, one a seed.
struct Simulation: Sendable {
    let template: OfficeTemplate
    var mutation = Mutation.none

    /// What came of a seed.
    struct Outcome: Sendable {
        var seed: UInt64
        var failure: String?
        var log: [String]
    }

    init(mutation: Mutation = .none) async throws {
        template = try await OfficeTemplate()
        self.mutation = mutation
    }

    func run(seed: UInt64, on executor: WorldExecutor, keepsLog: Bool) async throws -> Outcome {
        try await Task(executorPreference: executor) {
            let world = try World(
                seed: seed, template: template, mutation: mutation, executor: executor, keepsLog: keepsLog)
            do {
                try await world.run()
                return Outcome(seed: seed, failure: nil, log: world.log.lines)
            } catch let broken as BrokenPromise {
                return Outcome(seed: seed, failure: "\(broken)", log: world.log.lines)
            }
        }.value
    }

    /// Runs the seeds on two threads, to the first that fails.
    /// - Returns: the lowest failing seed that was met, run once more for its log; nil when all hold.
    func firstFailure(in seeds: Range<UInt64>) async throws -> Outcome? {
        let executors = (0..<2).map { WorldExecutor(name: "world-\($0)") }
        defer { for executor in executors { executor.stop() } }
        let failed = try await withThrowingTaskGroup(of: UInt64?.self) { group in
            for (index, executor) in executors.enumerated() {
                group.addTask {
                    for seed in seeds where seed % 2 == index && !Task.isCancelled {
                        if try await run(seed: seed, on: executor, keepsLog: false).failure != nil { return seed }
                    }
                    return nil
                }
            }
            var failed: [UInt64] = []
            for try await seed in group {
                guard let seed else { continue }
                failed.append(seed)
                group.cancelAll()
            }
            return failed.min()
        }
        guard let failed else { return nil }
        return try await run(seed: failed, on: executors[0], keepsLog: true)
    }
}
