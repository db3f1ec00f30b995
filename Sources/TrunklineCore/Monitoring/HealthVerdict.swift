/// What ``ServiceHealth`` makes of what happened.
public struct HealthVerdict: Hashable, Sendable {
    public enum Link: Hashable, Sendable {
        /// Not tried yet.
        case unknown
        case up
        case down(reason: String)
    }

    public enum Problem: Hashable, Sendable {
        case stalled(for: Duration, backlog: Int)
        case stopped(StreamID, reason: String)
        case stuck(for: Duration)
        case database(for: Duration, reason: String)
        /// The broker is there and does not let us in.
        case refused(for: Duration, reason: String)
    }

    /// The loop goes round.
    public var isAlive: Bool
    /// The database is open and initialised.
    public var isReady: Bool
    public var problems: [Problem]
    public var link: Link
    public var linkSince: ContinuousClock.Instant

    /// Rows arrive, or would if there were any, or if there were a link.
    public var isHealthy: Bool { problems.isEmpty }
}

extension HealthVerdict.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stalled(let time, let backlog):
            "connected to the broker for \(Self.words(time)) with \(backlog) waiting, and nothing was done"
        case .stopped(let stream, let reason):
            "stream \(stream): \(reason); trunkline status shows the way out"
        case .stuck(let time): "in one step for \(Self.words(time))"
        case .database(let time, let reason): "the database does not answer for \(Self.words(time)): \(reason)"
        case .refused(let time, let reason): "the broker refuses this office for \(Self.words(time)): \(reason)"
        }
    }

    private static func words(_ time: Duration) -> String {
        let seconds = time.components.seconds
        return seconds < 120 ? "\(seconds) s" : "\(seconds / 60) min"
    }
}
