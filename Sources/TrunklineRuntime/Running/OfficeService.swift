public import TrunklineCore

/// The services, by the name that executable, logs and metrics share.
public enum OfficeService: String, Sendable, CaseIterable {
    case branchPublisher = "branch-publisher"
    case branchAckListener = "branch-ack-listener"
    case branchIngestor = "branch-ingestor"
    case branchAcker = "branch-acker"
    case headIngestor = "head-ingestor"
    case headAcker = "head-acker"
    case headPublisher = "head-publisher"
    case headAckListener = "head-ack-listener"
    case staleReaper = "stale-reaper"

    public var name: String { rawValue }

    /// Where it runs; nil: wherever batches are sent from, which is everywhere.
    public var role: OfficeRole? {
        switch self {
        case .branchPublisher, .branchAckListener, .branchIngestor, .branchAcker: .branch
        case .headIngestor, .headAcker, .headPublisher, .headAckListener: .head
        case .staleReaper: nil
        }
    }

    /// Whether it drains what others send. It must go on while the broker reads from no connection that publishes, since it
    /// is low on memory or disk (https://www.rabbitmq.com/docs/alarms): so it shares none with a service that does.
    var drains: Bool {
        switch self {
        case .headIngestor, .branchIngestor: true
        case .branchPublisher, .branchAckListener, .branchAcker, .headAcker, .headPublisher, .headAckListener,
            .staleReaper:
            false
        }
    }

    /// Whether what is not acked is its backlog.
    var judgesByAcks: Bool {
        switch self {
        case .branchPublisher, .branchAckListener, .headPublisher, .headAckListener, .staleReaper: true
        case .branchIngestor, .branchAcker, .headIngestor, .headAcker: false
        }
    }

    public var requirements: SettingsRequirements {
        SettingsRequirements(name, broker: .always, role: role)
    }

    public static func all(at role: OfficeRole) -> [OfficeService] {
        allCases.filter { $0.role == nil || $0.role == role }
    }
}
