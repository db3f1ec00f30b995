public import TrunklineCore

/// The services of one process as their office's monitoring sees them: metrics and health.
public final class OfficeMonitor: Sendable {
    let office: OfficeID
    let role: OfficeRole
    let version: String
    let registry: PrometheusRegistry
    let services: [ServiceMonitor]
    let clock: ServiceClock

    /// - Parameters:
    ///   - services: their names, and whether each is judged by the acks of what this office sends.
    public init(
        office: OfficeID, role: OfficeRole, version: String, policy: ServiceHealth.Policy,
        services: [(name: String, judgesByAcks: Bool)], clock: ServiceClock = ServiceClock()
    ) {
        self.office = office
        self.role = role
        self.version = version
        self.clock = clock
        registry = PrometheusRegistry(labels: [("office", office.description)])
        self.services = services.map {
            ServiceMonitor($0.name, judgesByAcks: $0.judgesByAcks, policy: policy, clock: clock)
        }
        own.set(Metrics.buildInfo, to: 1, version, role.rawValue)
    }

    /// What the service is to be given.
    public func telemetry(of service: String) -> ServiceTelemetry {
        guard let monitor = services.first(where: { $0.service == service }) else {
            preconditionFailure("\(service) is not monitored here")
        }
        return ServiceTelemetry(service: service, metrics: registry) { monitor.note($0) }
    }

    /// For the metrics of the process as a whole.
    var own: ServiceTelemetry {
        ServiceTelemetry(service: "", metrics: registry) { [services] event in
            for monitor in services { monitor.note(event) }
        }
    }

    /// The body of `/metrics`.
    var metrics: String {
        for monitor in services { own.set(Metrics.healthy, to: monitor.verdict.isHealthy ? 1 : 0, monitor.service) }
        return registry.text
    }

    func report(_ question: HealthQuestion) -> HealthReport {
        HealthReport(
            question, office: office, version: version, services: services.map { ($0.service, $0.verdict) },
            at: clock.now)
    }
}
