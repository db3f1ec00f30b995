public import TrunklineCore

/// What a command or service needs of the configuration beyond an office and its database.
public struct SettingsRequirements: Sendable {
    public enum Need: Hashable, Sendable {
        case never, always
        case at(OfficeRole)

        func holds(at role: OfficeRole) -> Bool {
            switch self {
            case .never: false
            case .always: true
            case .at(let needed): needed == role
            }
        }
    }

    /// Who asks, for the message: `head-ingestor`.
    public var name: String
    public var broker: Need
    /// Where at least one synced table must be named.
    public var tables: Need
    /// The office that it runs at; nil: at any.
    public var role: OfficeRole?

    public init(_ name: String, broker: Need = .never, tables: Need = .never, role: OfficeRole? = nil) {
        self.name = name
        self.broker = broker
        self.tables = tables
        self.role = role
    }

    /// Why it cannot run at this office; nil when it can.
    func problem(at office: OfficeSettings) -> String? {
        guard let role, role != office.role else { return nil }
        let place = role == .head ? "the head" : "a branch"
        return "office.role: \(name) runs at \(place); office.role is \(office.role.rawValue)"
    }
}
