import ArgumentParser
import Foundation
import TrunklineTesting

/// Tills at the branches, a clerk at the head and an editor at each that write all the time, a fault every second or so, and then the count. See docs/chaos.md.
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
        if convergedIn == nil {
            try await site.dump(to: logs)
            try written.writeEdits(to: "\(logs)/edits.log")
        }
        let aftermath = try await Aftermath(site)
        try await site.crew.stopAll()
        let deserters = await site.crew.deserters.map { "ended by itself: \($0)" }
        for link in site.links.values { link.stop() }
        // Nothing changes any more.
        let last = convergedIn == nil ? audit : try await SiteAudit(site, written)
        let report = ChaosReport(
            seed: seed, faults: await runner.counts,
            skipped: site.disks.isEmpty ? ["no disk full: a file system cannot be mounted here"] : [],
            tallies: written.tallies, editors: written.editors.mapValues(\.tally), streams: aftermath.streams,
            audit: last, convergedIn: convergedIn,
            complaints: aftermath.complaints + deserters)
        print(report.text)
        if !report.holds { throw ExitCode(1) }
    }

    /// The branches sell, the head writes, and all edit what they share, until the deadline.
    private func write(_ site: ChaosSite, until deadline: ContinuousClock.Instant) async throws -> Ledgers {
        async let clerk = {
            var clerk = Clerk(site.head, branches: site.branches.map(\.id), seed: seed)
            try await Self.repeating(until: deadline) { try await clerk.write(transactions: 20) }
            return clerk.ledger
        }()
        async let editors = each([site.head] + site.branches) { office, index in
            var editor = Editor(office, seed: seed &+ UInt64(100 + index))
            try await Self.repeating(until: deadline) { try await editor.edit(transactions: 20) }
            return editor
        }
        let tills = try await each(site.branches) { office, index in
            var till = Till(office, seed: seed &+ UInt64(index + 1))
            try await Self.repeating(until: deadline) { try await till.sell(transactions: 20) }
            return till.ledger
        }
        return Ledgers(tills: tills, clerk: try await clerk, editors: try await editors)
    }

    private static func repeating(until deadline: ContinuousClock.Instant, _ write: () async throws -> Void)
        async throws
    {
        while ContinuousClock.now < deadline {
            try await write()
            try await Task.sleep(for: .milliseconds(150))
        }
    }

    /// A writer at each office, at the same time.
    /// - Returns: by office.
    private func each<Book: Sendable>(
        _ offices: [TestOffice], _ write: @escaping @Sendable (TestOffice, Int) async throws -> Book
    ) async throws -> [String: Book] {
        try await withThrowingTaskGroup(of: (String, Book).self) { group in
            for (index, office) in offices.enumerated() {
                group.addTask { (office.id, try await write(office, index)) }
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
            let isOver = ContinuousClock.now - start > .seconds(patience * 60)
            do {
                let audit = try await SiteAudit(site, ledgers)
                if audit.isClean { return (audit, ContinuousClock.now - start) }
                if isOver { return (audit, nil) }
            } catch {
                // The head makes the table of sales when the first arrive.
                if isOver { throw error }
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}
