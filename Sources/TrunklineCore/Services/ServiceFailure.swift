/// A step could not do its work for a reason that neither the database nor the broker gave.
public struct ServiceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
