/// One process of the system: which service, at which office.
struct ServiceName: Hashable, Sendable, CustomStringConvertible {
    var office: String
    var service: String

    var description: String { "\(office)/\(service)" }

    static let atHead = ["head-ingestor", "head-acker", "head-publisher", "head-ack-listener", "stale-reaper"]
    static let atBranch = [
        "branch-publisher", "branch-ack-listener", "stale-reaper", "branch-ingestor", "branch-acker",
    ]
    /// What the way down needs and the way up does not.
    private static let downward = ["head-publisher", "head-ack-listener", "branch-ingestor", "branch-acker"]

    static func all(at office: String) -> [ServiceName] {
        (office == "head" ? atHead : atBranch).map { ServiceName(office: office, service: $0) }
    }

    /// Those that the way up needs.
    static func upward(at office: String) -> [ServiceName] {
        all(at: office).filter { !downward.contains($0.service) }
    }
}
