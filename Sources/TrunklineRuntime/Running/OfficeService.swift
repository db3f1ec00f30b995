public import TrunklineCore

/// The services, by the name that executable, logs and metrics share.
public enum OfficeService: String, Sendable, CaseIterable {
    case branchPublisher = "branch-publisher"
    case branchAckListener = "branch-ack-listener"
    case headIngestor = "head-ingestor"
    case headAcker = "head-acker"
    case staleReaper = "stale-reaper"

    public var name: String { rawValue }

    /// Where it runs. The stale reaper runs where batches are sent from.
    public var role: OfficeRole {
        switch self {
        case .branchPublisher, .branchAckListener, .staleReaper: .branch
        case .headIngestor, .headAcker: .head
        }
    }

    /// Whether it drains what others send. It must go on while the broker reads from no connection that publishes, since it
    /// is low on memory or disk (https://www.rabbitmq.com/docs/alarms): so it shares none with a service that does.
    var drains: Bool { self == .headIngestor }

    public var requirements: SettingsRequirements {
        SettingsRequirements(name, broker: .always, role: role)
    }

    public static func all(at role: OfficeRole) -> [OfficeService] { allCases.filter { $0.role == role } }
}
