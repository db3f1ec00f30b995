/// A command could not do what it was asked; its words go to stderr, its status becomes the exit code.
public struct CommandFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public var status: ExitStatus
    /// What happened and the way out.
    public var description: String

    public init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
