import Foundation
import TrunklineCore

/// Runs worlds, one a seed.
struct Simulation: Sendable {
    let template: OfficeTemplate
    /// A world waits now and then for the thread of a database, so several worlds a core keep all of them busy.
    private let threads = 4 * ProcessInfo.processInfo.activeProcessorCount
    var mutation = Mutation.none

    /// What came of a seed.
    struct Outcome: Sendable {
        var seed: UInt64
        var failure: String?
        var log: [String]
    }

    /// - Parameter sharesTables: whether it is for seeds from ``Plan/firstSharing`` on.
    init(mutation: Mutation = .none, sharesTables: Bool = false) async throws {
        template = try await OfficeTemplate(sharesTables: sharesTables)
        self.mutation = mutation
    }

    func site() throws -> Site { try Site(template, mutation: mutation) }

    func run(seed: UInt64, on site: Site, keepsLog: Bool) async throws -> Outcome {
        try await Task(executorPreference: site.executor) {
            let world = try World(seed: seed, site: site, keepsLog: keepsLog)
            do {
                try await world.run()
                return Outcome(seed: seed, failure: nil, log: world.log.lines)
            } catch let broken as BrokenPromise {
                return Outcome(seed: seed, failure: "\(broken)", log: world.log.lines)
            }
        }.value
    }

    /// One seed on a site of its own, with its log.
    func replay(seed: UInt64) async throws -> Outcome {
        let site = try site()
        let outcome = try await run(seed: seed, on: site, keepsLog: true)
        await site.close()
        return outcome
    }

    /// Runs the seeds on several threads, to the first that fails.
    /// - Returns: the lowest failing seed that was met, run once more for its log; nil when all hold.
    func firstFailure(in seeds: some Collection<UInt64> & Sendable) async throws -> Outcome? {
        let failed = try await withThrowingTaskGroup(of: UInt64?.self) { group in
            for remainder in 0..<threads {
                group.addTask {
                    let site = try site()
                    var failed: UInt64?
                    for (index, seed) in seeds.enumerated()
                    where index % threads == remainder && failed == nil && !Task.isCancelled {
                        if try await run(seed: seed, on: site, keepsLog: false).failure != nil { failed = seed }
                    }
                    await site.close()
                    return failed
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
        return try await replay(seed: failed)
    }
}
