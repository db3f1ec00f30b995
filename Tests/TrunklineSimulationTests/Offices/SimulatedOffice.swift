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

    /// Somebody changed the schema: the services are not to set the triggers right.
    func acceptSchema() throws {
        let version = try application.numbers("PRAGMA schema_version")![0]
        try application.run("UPDATE trunkline_office SET checked_schema_version = \(version)")
    }

    var stream: StreamID { StreamID(from: id, to: .head) }
}
