public import Logging
public import ServiceLifecycle
public import TrunklineCore
internal import UnixSignals

/// Runs services in one process until SIGTERM or SIGINT asks them to stop.
public enum ServiceRunner {
    /// A service that does not stop by itself in this time is cancelled.
    static let stopWithin = Duration.seconds(20)

    /// Returns after a clean stop.
    public static func run(_ services: [any SteppedService], logger: Logger) async throws {
        try await group(services, logger: logger).run()
    }

    public static func group(_ services: [any SteppedService], logger: Logger) -> ServiceGroup {
        BrokenPipes.ignore()
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: ServiceLoop($0, logger: logger), serviceName: $0.name) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = stopWithin
        return ServiceGroup(configuration: configuration)
    }
}
