import ArgumentParser
import Foundation
import TrunklineTesting

/// Tills at the branches and a clerk at the head that write all the time, a fault every second or so, and then the count. See docs/chaos.md.
struct StormCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "storm")

    @Option(help: "How long the faults and the writers go on.") var minutes = 2.0
    @Option(help: "Decides the faults and what is written.") var seed: UInt64 = 1
    @Option(help: "The folder for the logs.") var logs: String
    @Option(help: "How many minutes the offices have to agree in the end.") var patience = 5.0

    /// Small batches and short time-outs, so that much happens in a minute.
    static let settings = [
        "TRUNKLINE_BATCH_ROWS": "100", "TRUNKLINE_STALE_TIMEOUT": "2s", "TRUNKLINE_STALE_CEILING": "10s",
        "TRUNKLINE_RETRY_INTERVAL": "2s", "TRUNKLINE_BROKER_HEARTBEAT": "5s",
    ]

    func run() async throws {
        let site = try await ChaosSite(logs: logs, settings: Self.settings)
        let interrupts = Interrupts { [weak site] in await site?.abandon() }
        defer { interrupts.cancel() }
        try await site.crew.startAll()
        let start = ContinuousClock.now
        let log = try RunLog(file: "\(logs)/faults.log", start: start)
        let runner = FaultRunner(site) { log.write($0) }
        let deadline = start + .seconds(minutes * 60)

        async let ledgers = write(site, until: deadline)
        let offices = [site.head] + site.branches
        let script = FaultScript(
            seed: seed, offices: offices.map(\.id), servers: site.servers.keys.sorted(),
            disks: site.branches.map(\.id))
        try await runner.run(script, until: deadline)
        let written = try await ledgers
        log.write("the writers have stopped and everything is up")

        let (audit, convergedIn) = try await converge(site, written)
        log.write(convergedIn == nil ? "no agreement" : "all agree")
        let aftermath = try await Aftermath(site)
        try await site.crew.stopAll()
        let deserters = await site.crew.deserters.map { "ended by itself: \($0)" }
        for link in site.links.values { link.stop() }
        let report = ChaosReport(
            seed: seed, faults: await runner.counts,
            skipped: site.disks.isEmpty ? ["no disk full: a file system cannot be mounted here"] : [],
            tallies: written.tallies, streams: aftermath.streams, audit: audit, convergedIn: convergedIn,
            complaints: aftermath.complaints + deserters)
        print(report.text)
        if !report.holds { throw ExitCode(1) }
    }

    /// The branches sell and the head writes until the deadline.
    private func write(_ site: ChaosSite, until deadline: ContinuousClock.Instant) async throws -> Ledgers {
        async let clerk = {
            var clerk = Clerk(site.head, branches: site.branches.map(\.id), seed: seed)
            while ContinuousClock.now < deadline {
                try await clerk.write(transactions: 20)
                try await Task.sleep(for: .milliseconds(150))
            }
            return clerk.ledger
        }()
        let tills = try await tills(site, until: deadline)
        return Ledgers(tills: tills, clerk: try await clerk)
    }

    private func tills(
        _ site: ChaosSite, until deadline: ContinuousClock.Instant
    ) async throws -> [String: Till.Book] {
        try await withThrowingTaskGroup(of: (String, Till.Book).self) { group in
            for (index, branch) in site.branches.enumerated() {
                group.addTask { [seed] in
                    var till = Till(branch, seed: seed &+ UInt64(index + 1))
                    while ContinuousClock.now < deadline {
                        try await till.sell(transactions: 20)
                        try await Task.sleep(for: .milliseconds(150))
                    }
                    return (branch.id, till.ledger)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// Compares again and again until all agree or patience ends.
    private func converge(
        _ site: ChaosSite, _ ledgers: Ledgers
    ) async throws -> (SiteAudit, Duration?) {
        let start = ContinuousClock.now
        while true {
            let audit = try await SiteAudit(site, ledgers)
            let elapsed = ContinuousClock.now - start
            if audit.isClean { return (audit, elapsed) }
            if elapsed > .seconds(patience * 60) { return (audit, nil) }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}
