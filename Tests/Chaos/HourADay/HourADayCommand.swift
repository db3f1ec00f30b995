import ArgumentParser
import Foundation
import TrunklineTesting

/// A branch with a backlog, and a poor link that is there for moments. See docs/chaos.md.
struct HourADayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "hour-a-day")

    @Option(help: "The backlog.") var rows = 200_000
    @Option(help: "Seconds that the link is open.") var open = 8.0
    @Option(help: "Seconds that the link is away.") var closed = 2.0
    @Option(help: "What the link carries each way, in kbit/s.") var kilobits = 256.0
    @Option(help: "The folder for the logs.") var logs: String
    @Option(help: "How many minutes the backlog has to drain.") var patience = 15.0

    func run() async throws {
        // Nothing but the log's level differs from what a user has who sets nothing.
        let site = try await ChaosSite(
            logs: logs, settings: ["TRUNKLINE_LOG_LEVEL": "debug"], hasSmallDisks: false, isSharing: false)
        let interrupts = Interrupts { [weak site] in await site?.abandon() }
        defer { interrupts.cancel() }
        let branch = site.branches[0]
        let link = site.links[branch.id]!
        _ = try await onThread { [rows] in try branch.run(Backlog.sql(rows: rows)) }
        let plain = try await onThread { try PlainSize(of: branch, rows: rows) }

        link.set(.silent)
        for office in [site.head, branch] { try await site.crew.start(ServiceName.upward(at: office.id)) }
        let before = link.traffic
        var schedule = LinkSchedule(
            condition: .slow(kilobits: kilobits, roundTrip: .milliseconds(300), loss: 0.02), open: .seconds(open),
            closed: .seconds(closed))
        let isDrained = try await schedule.run(link, until: .now + .seconds(patience * 60)) {
            try await onThread { try branch.run(Backlog.isDrained) == "t" }
        }
        link.set(.good)
        let log = "\(logs)/\(branch.id)-branch-publisher.log"
        let sent = SentBatches(log: try String(contentsOfFile: log, encoding: .utf8))
        let stored = try await onThread { [head = site.head] in
            Int(try head.run("select count(*) from product_sales where branch_id = 'east'")) ?? 0
        }
        try await site.crew.stopAll()
        for link in site.links.values { link.stop() }
        let traffic = link.traffic - before
        let report = HourADayReport(
            rows: rows, stored: stored, isDrained: isDrained, schedule: schedule, kilobits: kilobits, traffic: traffic,
            sent: sent, plain: plain)
        print(report.text)
        if !report.holds { throw ExitCode(1) }
    }
}
