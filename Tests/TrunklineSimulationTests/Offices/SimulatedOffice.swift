import TrunklineCore

/// An office's database, and a connection of those who are not Trunkline: the till, and the one who checks.
final class SimulatedOffice: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    let id: OfficeID
    let path: String
    let application: PlainConnection
    /// Its link is cut until this decision.
    var cutUntil = 0

    init(_ id: OfficeID, path: String) throws {
        self.id = id
        self.path = path
        application = try PlainConnection(path: path)
    }

    var stream: StreamID { StreamID(from: id, to: .head) }
}
