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

    public var requirements: SettingsRequirements {
        SettingsRequirements(name, broker: .always, role: role)
    }

    public static func all(at role: OfficeRole) -> [OfficeService] { allCases.filter { $0.role == role } }
}
