/// Decides whether a service is alive, ready and healthy, from what happened and nothing else.
///
/// Healthy means that rows arrive, not that a process runs: to be connected and achieve nothing while there is work is
/// unhealthy, to have no internet for 22 hours is not. The time without success runs only while the link is up and
/// there is a backlog; a lost link stops it, and only success or an empty backlog sets it back.
public struct ServiceHealth: Sendable {
    public typealias Instant = ContinuousClock.Instant

    public struct Policy: Hashable, Sendable {
        /// Connected, with a backlog, and no success: for so long.
        public var stalledAfter: Duration
        /// In one step for so long: the loop is stuck.
        public var stuckAfter: Duration
        /// The database is away for so long.
        public var databaseAfter: Duration

        public init(
            stalledAfter: Duration = .seconds(600), stuckAfter: Duration = .seconds(600),
            databaseAfter: Duration = .seconds(30)
        ) {
            self.stalledAfter = stalledAfter
            self.stuckAfter = stuckAfter
            self.databaseAfter = databaseAfter
        }
    }

    private enum Link {
        case unknown, up
        case down(reason: String, isRefusal: Bool)
    }

    private let policy: Policy
    private var stepBegan: Instant
    private var link = Link.unknown
    private var linkSince: Instant
    private var backlog = 0
    /// Connected time without success, before the stretch that is running.
    private var waited = Duration.zero
    /// Of the stretch that is running; nil without link or backlog.
    private var waitsSince: Instant?
    private var hasAnswered = false
    /// The database's answer failed since then.
    private var databaseDown: (since: Instant, reason: String)?
    private var stopped: [HealthEvent.StoppedStream] = []

    public init(_ policy: Policy, at now: Instant) {
        self.policy = policy
        stepBegan = now
        linkSince = now
    }

    public mutating func note(_ event: HealthEvent, at now: Instant) {
        switch event {
        case .stepBegan: stepBegan = now
        case .linkUp: noteLink(.up, at: now)
        case .linkDown(let reason, let isRefusal): noteLink(.down(reason: reason, isRefusal: isRefusal), at: now)
        case .backlog(let count):
            backlog = count
            if count == 0 { restart(at: now) } else { run(at: now) }
        case .progressed: restart(at: now)
        case .databaseAnswered(let stopped):
            hasAnswered = true
            databaseDown = nil
            self.stopped = stopped
        case .databaseFailed(let reason):
            databaseDown = (databaseDown?.since ?? now, reason)
        }
    }

    public func verdict(at now: Instant) -> HealthVerdict {
        HealthVerdict(
            isAlive: now - stepBegan <= policy.stuckAfter, isReady: hasAnswered && databaseDown == nil,
            problems: problems(at: now), link: shownLink, linkSince: linkSince)
    }

    private func problems(at now: Instant) -> [HealthVerdict.Problem] {
        var problems: [HealthVerdict.Problem] = stopped.map { .stopped($0.stream, reason: $0.reason) }
        let inStep = now - stepBegan
        if inStep > policy.stuckAfter { problems.append(.stuck(for: inStep)) }
        if let databaseDown, now - databaseDown.since >= policy.databaseAfter {
            problems.append(.database(for: now - databaseDown.since, reason: databaseDown.reason))
        }
        let waiting = waited + (waitsSince.map { now - $0 } ?? .zero)
        if backlog > 0, waiting >= policy.stalledAfter { problems.append(.stalled(for: waiting, backlog: backlog)) }
        if case .down(let reason, isRefusal: true) = link, now - linkSince >= policy.stalledAfter {
            problems.append(.refused(for: now - linkSince, reason: reason))
        }
        return problems
    }

    private var shownLink: HealthVerdict.Link {
        switch link {
        case .unknown: .unknown
        case .up: .up
        case .down(let reason, _): .down(reason: reason)
        }
    }

    private var isUp: Bool {
        if case .up = link { true } else { false }
    }

    private mutating func noteLink(_ new: Link, at now: Instant) {
        switch (link, new) {
        case (.up, .up): return
        case (.down(_, true), .down(_, true)), (.down(_, false), .down(_, false)): break
        default: linkSince = now
        }
        link = new
        if isUp {
            run(at: now)
        } else if let since = waitsSince {
            waited += now - since
            waitsSince = nil
        }
    }

    private mutating func run(at now: Instant) {
        if isUp, backlog > 0, waitsSince == nil { waitsSince = now }
    }

    private mutating func restart(at now: Instant) {
        waited = .zero
        waitsSince = isUp && backlog > 0 ? now : nil
    }
}
