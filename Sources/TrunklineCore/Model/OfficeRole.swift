/// Which side of the system an office is.
public enum OfficeRole: String, Sendable, Codable, CaseIterable {
    case head, branch
}
