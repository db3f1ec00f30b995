public import FoundationEssentials

/// A batch that became `acked`.
public struct Acknowledgement: Hashable, Sendable {
    public var number: Int64
    public var id: UUID
    /// Rows and deletes, as far as they were noted; else its changes.
    public var rows: Int
    /// On the wire; 0 when they were not noted.
    public var bytes: Int

    public init(number: Int64, id: UUID, rows: Int, bytes: Int) {
        self.number = number
        self.id = id
        self.rows = rows
        self.bytes = bytes
    }
}
