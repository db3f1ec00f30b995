/// Which tables of its database an office syncs.
public enum TableSelection: Hashable, Sendable {
    /// These and no others. None for a direction at its receiver, the head for `up`: any.
    /// - Parameter acceptsNew: whether tables of others that its database does not have are made.
    case listed([TableRule], acceptsNew: Bool = false)
    /// Every table that can be synced, without these; all of them `up`.
    case all(except: [TableName])

    /// These, `up`.
    public static func names(_ names: [TableName]) -> TableSelection { .listed(names.map { TableRule($0) }) }

    /// The tables that are named; nil: the database says which there are.
    public var rules: [TableRule]? {
        switch self {
        case .listed(let rules, _): rules
        case .all: nil
        }
    }

    /// Whether tables that the database does not have are made for what other offices send.
    public var acceptsNew: Bool {
        switch self {
        case .listed(_, let acceptsNew): acceptsNew
        case .all: false
        }
    }

    /// Whether any of them goes from the head to its branches.
    /// - Parameter role: of the office whose tables they are.
    public func hasDown(at role: OfficeRole) -> Bool {
        acceptsNew && role == .branch || rules?.contains { $0.direction != .up } == true
    }

    /// What an office of this role writes, and so captures.
    public func written(by role: OfficeRole) -> TableSelection {
        switch self {
        case .listed(let rules, _): .listed(rules.filter { $0.direction.isWritten(by: role) })
        case .all: role == .head ? .listed([]) : self
        }
    }
}
