public import Logging
public import ServiceLifecycle
public import TrunklineCore
internal import UnixSignals

/// Runs services in one process until SIGTERM or SIGINT asks them to stop.
public enum ServiceRunner {
    /// A service that does not stop by itself in this time is cancelled.
    static let stopWithin = Duration.seconds(20)

    /// A group of these services; it stops them in the reverse order.
    /// - Parameter companions: they start first and stop last; what fails one of them ends the group.
    public static func group(
        _ services: [ServiceLoop], companions: [(name: String, service: any Service)] = [], logger: Logger
    ) -> ServiceGroup {
        BrokenPipes.ignore()
        LargeBlocks.giveBack()
        let members =
            companions.map {
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: $0.service, failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: $0.name)
            }
            + services.map { .init(service: $0, serviceName: $0.name) }
        var configuration = ServiceGroupConfiguration(
            services: members, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = stopWithin
        return ServiceGroup(configuration: configuration)
    }
}
