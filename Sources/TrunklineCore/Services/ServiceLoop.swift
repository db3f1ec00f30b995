public import Logging
public import ServiceLifecycle

/// Runs a ``SteppedService`` until it is told to stop: waits, steps, backs off after a failure.
///
/// A failure never ends the loop, whatever the error says of itself: a database or broker that was
/// away for days, or that somebody mended, is found again without a restart. Only the loop logs failures.
public struct ServiceLoop: Service {
    private let service: any SteppedService
    private let logger: Logger
    private let backoffPolicy: Backoff.Policy
    private let clock: ServiceClock
    private let telemetry: ServiceTelemetry
    private let journal: ServiceJournalKeeper?

    public init(
        _ service: any SteppedService, logger: Logger, backoff: Backoff.Policy = Backoff.Policy(),
        clock: ServiceClock = ServiceClock(), telemetry: ServiceTelemetry = .silent,
        journal: ServiceJournalKeeper? = nil
    ) {
        self.service = service
        self.logger = logger
        self.backoffPolicy = backoff
        self.clock = clock
        self.telemetry = telemetry
        self.journal = journal
    }

    public var name: String { service.name }

    public func run() async throws {
        var backoff = Backoff(backoffPolicy)
        logger.info("started", metadata: [LogKey.service: "\(service.name)"])
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            do {
                if try await step() == .idle { try await service.waitForWork() }
                if let journal {
                    if let trouble = await service.trouble() {
                        journal.failed(service.name, trouble)
                    } else {
                        journal.succeeded(service.name)
                    }
                }
                if backoff.succeeded() {
                    logger.notice("recovered", metadata: [LogKey.service: "\(service.name)"])
                }
            } catch {
                await failed(error, &backoff)
            }
        }
        await service.shutdown()
        logger.info("stopped", metadata: [LogKey.service: "\(service.name)"])
    }

    private func step() async throws -> StepResult {
        telemetry.note(.stepBegan)
        let began = clock.now
        do {
            let result = try await service.step()
            record(result == .worked ? "worked" : "idle", since: began)
            return result
        } catch {
            record("failed", since: began)
            throw error
        }
    }

    private func record(_ result: String, since began: ContinuousClock.Instant) {
        telemetry.record(Metrics.stepDuration, clock.now - began, service.name, result)
    }

    private func failed(_ error: any Error, _ backoff: inout Backoff) async {
        let delay = backoff.failed()
        journal?.failed(service.name, "\(error)")
        logger.warning(
            "step failed, will try again",
            metadata: [
                LogKey.service: "\(service.name)", LogKey.error: "\(error)",
                LogKey.retryIn: "\(Int(delay / .milliseconds(1)))ms",
            ])
        await service.recover()
        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: delay) }
    }
}
