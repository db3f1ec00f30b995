import FoundationEssentials
import TrunklineCore
import TrunklineRuntime
import TrunklineTerminal

/// What the services of this office say of themselves, where it explains why nothing moves: a line each.
struct ServiceRemarks {
    var office: OfficeSettings
    var notes: [ServiceNote]
    /// Whether anything goes from the head to its branches: only then is a service that sees to it missed.
    var isTwoWay: Bool

    /// A service that runs is heard of at least every ten minutes.
    static let silence = 1_500.0

    var lines: [String] { OfficeService.all(at: office.role).compactMap(line) }

    private func line(of service: OfficeService) -> String? {
        let notes = notes.filter { $0.service == service.name }
        let running = notes.filter { !$0.isStopped && $0.seenSeconds < ServiceRemarks.silence }
        guard let failing = running.filter({ $0.failure != nil }).max(by: { $0.failures < $1.failures }) else {
            guard running.isEmpty, isTwoWay || !service.isOnlyForWhatGoesDown(at: office.role) else { return nil }
            guard let seen = notes.map(\.seenSeconds).min() else {
                return "no \(service.name) has run here yet; start it, or: trunkline run"
            }
            return
                "no \(service.name) has run here for \(HumanDuration.text(seconds: seen)); start it, or: trunkline run"
        }
        let since = failing.failingSince.map { " since \(ServiceRemarks.clock($0))" } ?? ""
        let place = notes.count > 1 ? " on \(failing.host)" : ""
        return "\(service.name)\(place): fails\(since): \(failing.failure!)"
    }

    /// `14:02` today, else `2026-01-02 14:02`, in this machine's time zone.
    private static func clock(_ text: String) -> String {
        guard let date = try? Date(text, strategy: .iso8601) else { return text }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .current
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: date)
        func two(_ value: Int?) -> String { (value! < 10 ? "0" : "") + "\(value!)" }
        let time = "\(two(parts.hour)):\(two(parts.minute))"
        return calendar.isDateInToday(date) ? time : "\(parts.year!)-\(two(parts.month))-\(two(parts.day)) \(time)"
    }
}

extension OfficeService {
    fileprivate func isOnlyForWhatGoesDown(at role: OfficeRole) -> Bool {
        switch self {
        case .branchIngestor, .branchAcker, .headPublisher, .headAckListener: true
        // It sees to what its office sends.
        case .staleReaper: role == .head
        case .branchPublisher, .branchAckListener, .headIngestor, .headAcker: false
        }
    }
}
