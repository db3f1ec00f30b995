import Logging
import ServiceLifecycle
import TrunklineCore
import TrunklineRuntime

/// The services that a command runs in its own process while it watches what they achieve. Whatever
/// runs already beside them does no harm: services may run in several copies.
struct CompanionServices: Sendable {
    private let services: [any SteppedService]
    private let logger: Logger
    let troubles = TroubleLog()

    /// - Parameter services: none: the command only watches.
    init(_ services: [OfficeService], of office: OfficeAssembly) throws {
        // What the services have to say is shown with the progress; a log beside it is for who asks for it.
        var log = office.settings.log
        if log.level > .debug { log.level = .error }
        let handler = LineLogHandler(label: "trunkline", settings: log, write: StandardError.write)
        let logger = troubles.logger("trunkline", passingOnTo: handler)
        self.logger = logger
        self.services = try zip(services, office.links(for: services, of: "trunkline")).map {
            try office.service($0, links: $1, logger: logger)
        }
    }

    /// Runs the services until `watch` returns or throws, and stops them cleanly.
    /// - Throws: what `watch` throws; exit code 130 when a signal came first.
    func run<Result: Sendable>(while watch: @escaping @Sendable () async throws -> Result) async throws -> Result {
        guard !services.isEmpty else { return try await watch() }
        let group = ServiceRunner.group(services.map { ServiceLoop($0, logger: logger) }, logger: logger)
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                do {
                    let result = try await watch()
                    await group.triggerGracefulShutdown()
                    return result
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
            }
            let first = try await tasks.next()!
            guard let result = first else {
                tasks.cancelAll()
                throw ExitStatus.interrupted.code
            }
            _ = try await tasks.next()
            return result
        }
    }
}
