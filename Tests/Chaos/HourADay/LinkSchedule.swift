import TrunklineTesting

/// A link that is there for a while, and away for a while, until the work is done.
struct LinkSchedule {
    let condition: LinkCondition
    let open: Duration
    let closed: Duration
    /// How long the link was there, in all.
    private(set) var openFor = Duration.zero
    /// How often it went away while there was work.
    private(set) var cuts = 0

    init(condition: LinkCondition, open: Duration, closed: Duration) {
        self.condition = condition
        self.open = open
        self.closed = closed
    }

    /// - Returns: whether the work was done by the deadline.
    mutating func run(
        _ link: LinkProxy, until deadline: ContinuousClock.Instant, isDone: () async throws -> Bool
    ) async throws -> Bool {
        while ContinuousClock.now < deadline {
            let opened = ContinuousClock.now
            link.set(condition)
            var isDrained = false
            while !isDrained, ContinuousClock.now - opened < open {
                try await Task.sleep(for: .milliseconds(100))
                isDrained = try await isDone()
            }
            openFor += ContinuousClock.now - opened
            if isDrained { return true }
            cuts += 1
            link.set(.silent)
            try await Task.sleep(for: closed)
        }
        return false
    }
}
