/// Decides what a service writes of itself into its office's database, and when: on a change, but at most once in
/// `pause`, unless it is that all is well again; and now and then while nothing changes, so that one sees that it runs.
public struct ServiceJournal: Sendable {
    public typealias Instant = ContinuousClock.Instant

    public struct Policy: Hashable, Sendable {
        /// Between two reports.
        public var pause: Duration
        /// Between two reports while nothing changes.
        public var heartbeat: Duration

        public init(pause: Duration = .seconds(30), heartbeat: Duration = .seconds(600)) {
            self.pause = pause
            self.heartbeat = heartbeat
        }
    }

    private let service: String
    private let host: String
    private let policy: Policy
    private var failure: String?
    private var failingSince: Instant?
    private var failures = 0
    private var succeededAt: Instant?
    /// In place of a failure: what was written is not known.
    private static let unknown = "\u{0}"
    /// The last report that was taken: when, and of which failure.
    private var reported: (at: Instant, failure: String?)?

    public init(service: String, host: String, policy: Policy = Policy()) {
        self.service = service
        self.host = host
        self.policy = policy
    }

    /// A step succeeded.
    public mutating func succeeded(at now: Instant) {
        failure = nil
        failingSince = nil
        failures = 0
        succeededAt = now
    }

    /// A step failed.
    public mutating func failed(_ reason: String, at now: Instant) {
        failure = reason
        failingSince = failingSince ?? now
        failures += 1
    }

    /// The report that is due; nil: none. Counts as written until ``lost()`` is called.
    public mutating func takeReport(at now: Instant) -> ServiceReport? {
        guard failure != nil || succeededAt != nil, isDue(at: now) else { return nil }
        reported = (now, failure)
        return report(at: now, isStopped: false)
    }

    /// What to write when the service has ended.
    public func lastReport(at now: Instant) -> ServiceReport { report(at: now, isStopped: true) }

    /// The report could not be written; it is due again after the pause.
    public mutating func lost() {
        guard let reported else { return }
        self.reported = (reported.at, Self.unknown)
    }

    private func isDue(at now: Instant) -> Bool {
        guard let reported else { return true }
        // A failure that is over should not be read any longer.
        if failure == nil, let told = reported.failure, told != Self.unknown { return true }
        let age = now - reported.at
        return age >= policy.heartbeat || age >= policy.pause && reported.failure != failure
    }

    private func report(at now: Instant, isStopped: Bool) -> ServiceReport {
        ServiceReport(
            service: service, host: host, failure: failure,
            failingSeconds: failingSince.map { (now - $0) / .seconds(1) }, failures: failures,
            successSeconds: succeededAt.map { (now - $0) / .seconds(1) }, isStopped: isStopped)
    }
}
