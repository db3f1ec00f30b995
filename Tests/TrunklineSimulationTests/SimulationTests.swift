import CSQLiteMemory
import Foundation
import Testing

/// Every promise, in worlds of which a seed decides the course. See docs/simulation.md.
@Suite(.serialized)
struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seeds = UInt64(environment["TRUNKLINE_TEST_SEEDS"] ?? "") ?? 10_000
    /// A seed to be replayed, with all its events.
    private static let seed = UInt64(environment["TRUNKLINE_TEST_SEED"] ?? "")

    @Test(.enabled(if: seed == nil)) func everyPromiseHoldsInEveryWorld() async throws {
        #expect(sqlite_memory_statistics_are_off())
        let started = ContinuousClock.now
        let failure = try await Simulation().firstFailure(in: 0..<Self.seeds)
        if let failure { Issue.record(Comment(rawValue: Self.report(failure))) }
        print("simulation: \(Self.seeds) seeds in \((ContinuousClock.now - started) / .seconds(1)) s")
    }

    /// Fewer, since there is much more to do in them.
    @Test(.enabled(if: seed == nil)) func everyPromiseHoldsWhereAllWrite() async throws {
        let started = ContinuousClock.now
        let seeds = Plan.firstSharing..<Plan.firstSharing + Self.seeds / 25
        let failure = try await Simulation(sharesTables: true).firstFailure(in: seeds)
        if let failure { Issue.record(Comment(rawValue: Self.report(failure))) }
        print("simulation of shared tables: \(seeds.count) seeds in \((ContinuousClock.now - started) / .seconds(1)) s")
    }

    @Test(.enabled(if: seed != nil)) func replaysOneSeed() async throws {
        let outcome = try await Simulation(sharesTables: Self.seed! >= Plan.firstSharing).replay(seed: Self.seed!)
        for line in outcome.log { print(line) }
        #expect(outcome.failure == nil)
    }

    @Test func oneSeedAlwaysGivesTheSameCourse() async throws {
        let simulation = try await Simulation()
        let site = try simulation.site()
        for seed: UInt64 in 0..<20 {
            let first = try await simulation.run(seed: seed, on: site, keepsLog: true)
            let second = try await simulation.replay(seed: seed)
            #expect(first.log == second.log)
        }
        await site.close()
    }

    static func report(_ outcome: Simulation.Outcome) -> String {
        """
        seed \(outcome.seed): \(outcome.failure ?? "nothing failed when it was run again")
        the last of \(outcome.log.count) events:
        \(outcome.log.suffix(60).joined(separator: "\n"))
        replay: scripts/test --seed \(outcome.seed)
        """
    }
}
