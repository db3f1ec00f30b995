/// One process of the system: which service, at which office.
struct ServiceName: Hashable, Sendable, CustomStringConvertible {
    var office: String
    var service: String

    var description: String { "\(office)/\(service)" }

    static let atHead = ["head-ingestor", "head-acker"]
    static let atBranch = ["branch-publisher", "branch-ack-listener", "stale-reaper"]

    static func all(at office: String) -> [ServiceName] {
        (office == "head" ? atHead : atBranch).map { ServiceName(office: office, service: $0) }
    }
}
