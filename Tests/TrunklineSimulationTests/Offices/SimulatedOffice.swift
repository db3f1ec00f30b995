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

    /// All as it was at the beginning.
    func clear(_ more: [String]) throws {
        if application.isInTransaction { try application.run("ROLLBACK") }
        cutUntil = 0
        let mine = try application.rows("SELECT name FROM sqlite_master WHERE type = 'table'").compactMap { $0[0] }
        let tables = SimulatedOffice.cleared + more
        let deletes = tables.filter(mine.contains).map { "DELETE FROM \($0);" }.joined()
        try application.run(
            """
            BEGIN IMMEDIATE; \(deletes)
            UPDATE trunkline_outbound SET next_number = 1, last_id = NULL, cursor = 0, acked_seq = 0,
                acked_watermark = 0, acked_rows = 0, set_aside_version = 0, set_aside_total = 0, last_contact = NULL,
                stopped = NULL;
            DELETE FROM sqlite_sequence WHERE name = 'trunkline_change';
            COMMIT
            """)
    }

    /// In this order: the application's own first, whose triggers write to the others.
    private static let cleared = [
        "line", "sale", "customer", "refusing", "trunkline_change", "trunkline_batch", "trunkline_set_aside_notice",
        "trunkline_verification_request", "trunkline_verification_result", "trunkline_inbound", "trunkline_set_aside",
        "trunkline_parked_batch", "trunkline_pending_ack", "watermark_history",
    ]

    /// Somebody changed the schema: the services are not to set the triggers right.
    func acceptSchema() throws {
        let version = try application.numbers("PRAGMA schema_version")![0]
        try application.run("UPDATE trunkline_office SET checked_schema_version = \(version)")
    }

    var stream: StreamID { StreamID(from: id, to: .head) }
}
