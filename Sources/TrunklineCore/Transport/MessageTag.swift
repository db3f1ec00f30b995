/// Names one envelope that was sent or delivered over one connection.
public struct MessageTag: Hashable, Sendable {
    /// Counts the connections of the link, so that a tag of a lost one is never mistaken.
    public var connection: UInt64
    /// Counts what was sent over it, or what was delivered.
    public var number: UInt64

    public init(connection: UInt64, number: UInt64) {
        self.connection = connection
        self.number = number
    }
}
