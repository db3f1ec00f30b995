internal import Foundation
public import ServiceLifecycle
public import TrunklineCore

/// Looks at the office's database every few seconds: for the gauges of its streams, and for the health of the services.
///
/// What waits is counted exactly, which with a backlog of a million rows takes the database a good part of a second.
/// So the pause after a look is a hundred times as long as the look took: at most 1 % of one core, however long the
/// backlog is; but at most five minutes, and a quarter of the time after which no success is unhealthy.
public struct StateWatch: Service {
    private let monitor: OfficeMonitor
    private let store: any InspectionStore & AdministrationStore & ConflictStore
    private let showsStreams: Bool
    private let stalledAfter: Duration

    /// - Parameters:
    ///   - store: its own; closed at the end.
    ///   - showsStreams: whether the gauges of the streams are shown too: one kind of service does it.
    ///   - stalledAfter: after how long without success a service is unhealthy.
    public init(
        _ monitor: OfficeMonitor, store: any InspectionStore & AdministrationStore & ConflictStore, showsStreams: Bool,
        stalledAfter: Duration
    ) {
        self.monitor = monitor
        self.store = store
        self.showsStreams = showsStreams
        self.stalledAfter = stalledAfter
    }

    public func run() async throws {
        var known: [StreamID: StreamStatus] = [:]
        // The first look also connects: how long it takes says nothing of the backlog.
        await look(&known)
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            let pause = Self.pause(after: await look(&known), stalledAfter: stalledAfter)
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        }
        await store.close()
    }

    static func pause(after look: Duration, stalledAfter: Duration) -> Duration {
        let most = min(.seconds(300), stalledAfter / 4)
        return min(max(look * 100, .seconds(5)), most)
    }

    /// - Returns: how long the counting took; to wait for a lock costs nothing.
    @discardableResult
    func look(_ known: inout [StreamID: StreamStatus]) async -> Duration {
        var streams: [StreamStatus]
        let began = monitor.clock.now
        var took = Duration.zero
        do {
            streams = try await store.status()
            took = monitor.clock.now - began
            try await store.probe()
            if monitor.role == .head {
                // What a removed branch left is nobody's trouble any more.
                let branches = Set(try await store.branches().map(\.id))
                streams.removeAll { !branches.contains($0.stream.branch) }
                if showsStreams {
                    monitor.own.set(Metrics.waitingConflicts, to: Double(try await store.waitingConflicts()))
                }
            }
        } catch {
            // Another transaction was faster: says nothing of the database.
            guard error.code != .contention else { return took }
            monitor.own.set(Metrics.databaseUp, to: 0)
            monitor.own.note(.databaseFailed(reason: "\(error)"))
            return took
        }
        monitor.own.set(Metrics.databaseUp, to: 1)
        let stopped = streams.flatMap { status in
            let reasons =
                (status.standstill.map { [$0] } ?? [])
                + status.standing.map { "table \"\($0.table)\" stands still: \($0.reason)" }
                + (status.clockAheadSeconds.map { ["the clock of \(status.stream.source) is \(Int($0)) s ahead"] } ?? [])
            return reasons.map { HealthEvent.StoppedStream(stream: status.stream, reason: $0) }
        }
        monitor.own.note(.databaseAnswered(stopped: stopped))
        judge(streams, known)
        if showsStreams {
            streams.forEach(show)
            // Of a branch that was removed.
            for gone in known.keys where !streams.contains(where: { $0.stream == gone }) {
                for metric in Metrics.ofStream { monitor.own.withdraw(metric, gone.description) }
            }
        }
        known = Dictionary(streams.map { ($0.stream, $0) }, uniquingKeysWith: { first, _ in first })
        return took
    }

    /// What is not acked is the backlog of every service that sends, an advance of the watermark their success. Of the head
    /// only where nothing is on its way: a branch may be away for a day, and then all that it may have waits for it.
    private func judge(_ streams: [StreamStatus], _ known: [StreamID: StreamStatus]) {
        let sending = streams.filter {
            $0.direction == .sending && (monitor.role == .branch || $0.inFlightBatches == 0 && $0.standstill == nil)
        }
        let hasAdvanced = streams.contains { status in
            guard status.direction == .sending, let before = known[status.stream] else { return false }
            return before.epoch != status.epoch || before.watermark != status.watermark
                || monitor.role == .head && before.lastFormed != status.lastFormed
        }
        for service in monitor.services where service.judgesByAcks {
            if hasAdvanced { service.note(.progressed) }
            service.note(.backlog(sending.reduce(0) { $0 + $1.pending + $1.inFlightChanges }))
        }
    }

    private func show(_ status: StreamStatus) {
        let stream = status.stream.description
        let telemetry = monitor.own
        telemetry.set(Metrics.setAsideRows, to: Double(status.setAside), stream)
        telemetry.set(Metrics.watermark, to: Double(status.watermark), stream)
        telemetry.set(Metrics.streamStopped, to: status.standstill == nil ? 0 : 1, stream)
        let contact = status.lastContactSeconds.map { (Date().timeIntervalSince1970 - $0).rounded() } ?? 0
        switch status.direction {
        case .sending:
            telemetry.set(Metrics.pendingRows, to: Double(status.pending), stream)
            telemetry.set(Metrics.inFlightRows, to: Double(status.inFlightChanges), stream)
            telemetry.set(Metrics.inFlightBatches, to: Double(status.inFlightBatches), stream)
            telemetry.set(Metrics.lagRows, to: Double(status.pending + status.inFlightChanges), stream)
            telemetry.set(Metrics.oldestUnackedSeconds, to: max(0, status.oldestUnackedSeconds ?? 0), stream)
            telemetry.set(Metrics.lastAckedTime, to: contact, stream)
            telemetry.set(Metrics.standingTables, to: Double(status.standing.count), stream)
        case .receiving:
            telemetry.set(Metrics.parkedBatches, to: Double(status.pending), stream)
            telemetry.set(Metrics.lastAppliedTime, to: contact, stream)
        }
    }
}
