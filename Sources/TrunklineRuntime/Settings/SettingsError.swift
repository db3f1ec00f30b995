/// Everything that is wrong with the configuration, in one go.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one; each names its key and the way out. Never a secret.
    public var problems: [String]

    public init(_ problems: [String]) {
        precondition(!problems.isEmpty, "an error without a problem")
        self.problems = problems
    }

    public var description: String { problems.joined(separator: "\n") }
}
