import Logging
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

@testable import TrunklineCore

@Suite struct ServiceLoopTests {
    private let policy = Backoff.Policy(base: .microseconds(1), cap: .microseconds(10))
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func recoversAndStopsGracefully() async throws {
        try await testGracefulShutdown { trigger in
            let service = StandInService(failures: 2) { worked in
                if worked == 2 { trigger.triggerGracefulShutdown() }
            }
            try await ServiceLoop(service, logger: quiet, backoff: policy).run()
            #expect(
                service.events == [
                    .failed, .recovered, .failed, .recovered, .worked, .waited, .worked, .waited, .shutDown,
                ])
        }
    }

    @Test func aServiceThatWorkedIsSteppedAgainAtOnce() async throws {
        try await testGracefulShutdown { trigger in
            let service = StandInService(failures: 0, result: .worked) { worked in
                if worked == 3 { trigger.triggerGracefulShutdown() }
            }
            try await ServiceLoop(service, logger: quiet, backoff: policy).run()
            #expect(service.events == [.worked, .worked, .worked, .shutDown])
        }
    }

    /// The back-off would last an hour.
    @Test(.timeLimit(.minutes(1))) func aStopEndsTheBackoff() async throws {
        try await testGracefulShutdown { trigger in
            let service = StandInService(failures: .max) { _ in }
            let hour = Backoff.Policy(base: .seconds(3_600), cap: .seconds(3_600))
            let loop = ServiceLoop(StoppingOnRecovery(service: service, trigger: trigger), logger: quiet, backoff: hour)
            try await loop.run()
            #expect(service.events == [.failed, .recovered, .shutDown])
        }
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledLoopHandsBackWhatItHolds() async throws {
        let service = StandInService(failures: 0) { _ in withUnsafeCurrentTask { $0?.cancel() } }
        let loop = ServiceLoop(service, logger: quiet, backoff: policy)
        try await Task { try await loop.run() }.value
        #expect(service.events == [.worked, .waited, .shutDown])
    }
}

/// The stand-in, in a process that is told to stop while it recovers from a failure.
private struct StoppingOnRecovery: SteppedService {
    let service: StandInService
    let trigger: GracefulShutdownTestTrigger

    var name: String { service.name }
    func step() async throws -> StepResult { try await service.step() }
    func waitForWork() async throws { try await service.waitForWork() }
    func shutdown() async { await service.shutdown() }

    func recover() async {
        await service.recover()
        trigger.triggerGracefulShutdown()
    }
}
