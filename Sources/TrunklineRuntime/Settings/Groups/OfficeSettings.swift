public import TrunklineCore

/// Who this office is.
public struct OfficeSettings: Hashable, Sendable {
    public var id: OfficeID
    public var role: OfficeRole

    public init(id: OfficeID, role: OfficeRole) {
        self.id = id
        self.role = role
    }

    /// Why the two do not fit together, as a problem of the configuration; nil when they do.
    static func problem(id: OfficeID, role: OfficeRole) -> String? {
        switch role {
        case .head where id != .head:
            "office.id: the head office is always named head, not \(id); leave office.id out, or set office.role to branch"
        case .branch where !id.isBranchName:
            "office.id: a branch may not be named \(id); give it a name of its own"
        case .head, .branch: nil
        }
    }
}

extension OfficeSettings {
    /// Either key may be left out, since each follows from the other, but for a branch's name.
    init?(_ reader: inout SettingsReader) {
        let id = reader.read(SettingTable.officeID)
        let role = reader.read(SettingTable.officeRole)
        switch (id, role) {
        case (let id?, let role?):
            self.init(id: id, role: role)
        case (let id?, nil):
            self.init(id: id, role: id == .head ? .head : .branch)
        case (nil, .head):
            self.init(id: .head, role: .head)
        case (nil, .branch):
            reader.missing(SettingTable.officeID, hint: "give this branch its name, such as east")
            return nil
        case (nil, nil):
            reader.missing(SettingTable.officeID, hint: "write head, or this branch's name, such as east")
            return nil
        }
        if let problem = OfficeSettings.problem(id: self.id, role: self.role) { reader.note(problem) }
    }
}
