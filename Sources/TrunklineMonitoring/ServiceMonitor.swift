internal import Synchronization
internal import TrunklineCore

/// Hears what one service tells of itself, and knows its health.
final class ServiceMonitor: Sendable {
    let service: String
    /// Whether its backlog is what this office has not had acked; else it tells its backlog itself.
    let judgesByAcks: Bool
    private let health: Mutex<ServiceHealth>
    private let clock: ServiceClock

    init(
        _ service: String, judgesByAcks: Bool, policy: ServiceHealth.Policy, clock: ServiceClock = ServiceClock()
    ) {
        self.service = service
        self.judgesByAcks = judgesByAcks
        self.clock = clock
        health = Mutex(ServiceHealth(policy, at: clock.now))
    }

    func note(_ event: HealthEvent) {
        let now = clock.now
        health.withLock { $0.note(event, at: now) }
    }

    var verdict: HealthVerdict {
        let now = clock.now
        return health.withLock { $0.verdict(at: now) }
    }
}
