internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import TrunklineCore
internal import TrunklineMonitoring

extension OfficeAssembly {
    /// Runs services in this process until SIGTERM or SIGINT, with the monitoring that the settings ask for.
    ///
    /// - Parameter name: of the process, for what concerns no service alone.
    /// - Throws: ``MonitoringError`` when `monitoring.address` cannot be listened on.
    public func run(_ services: [OfficeService], as name: String) async throws {
        let logger = logger(name)
        warnOfPlaintext(logger)
        let monitor = settings.monitoring.address.map { _ in self.monitor(of: services) }
        let journal = ServiceJournalKeeper(
            services.map(\.name), host: ProcessInfo.processInfo.hostName, store: try store())
        let links = try links(for: services, of: name)
        let loops = try zip(services, links).map { (service, links) in
            let logger = self.logger(service.name)
            let telemetry = monitor?.telemetry(of: service.name)
            return ServiceLoop(
                try self.service(service, links: links, logger: logger, telemetry: telemetry), logger: logger,
                telemetry: telemetry ?? .silent, journal: journal)
        }
        var companions: [(name: String, service: any Service)] = [("journal", journal)]
        if let monitor, let address = settings.monitoring.address {
            let showsStreams = services.contains { $0 == .branchPublisher || $0 == .headIngestor }
            companions.append(("monitoring-server", MonitoringServer(monitor, at: address, logger: logger)))
            let watch = StateWatch(
                monitor, store: try store(), showsStreams: showsStreams,
                stalledAfter: settings.monitoring.stalledAfter)
            companions.append(("state-watch", watch))
        }
        try await ServiceRunner.group(loops, companions: companions, logger: logger).run()
    }

    private func monitor(of services: [OfficeService]) -> OfficeMonitor {
        OfficeMonitor(
            office: settings.office.id, role: settings.office.role, version: ProductVersion.current,
            policy: ServiceHealth.Policy(
                stalledAfter: settings.monitoring.stalledAfter, stuckAfter: settings.monitoring.stuckAfter),
            services: services.map { (name: $0.name, judgesByAcks: $0.judgesByAcks) })
    }
}
