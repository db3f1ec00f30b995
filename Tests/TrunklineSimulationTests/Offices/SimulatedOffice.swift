import TrunklineCore

/// An office's database, and a connection of those who are not Trunkline: the till, and the one who checks.
final class SimulatedOffice: @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    let id: OfficeID
    let path: String
    let application: PlainConnection
    /// Its link is cut until this decision.
    var cutUntil = 0
    /// The time of its world, for its application's triggers.
    var elapsed: () -> Duration = { .zero }
    /// By how much its clock is ahead of others.
    var skew = Duration.zero
    /// There is a backup of its database, made in this world.
    private(set) var hasBackup = false
    private var backup: PlainConnection?

    init(_ id: OfficeID, path: String) throws {
        self.id = id
        self.path = path
        application = try PlainConnection(path: path)
        application.setClock { [unowned self] in elapsed() + skew }
    }

    /// A branch's, to the head.
    var stream: StreamID { StreamID(from: id, to: .head) }
    /// A branch's, from the head.
    var downStream: StreamID { StreamID(from: .head, to: id) }

    /// All as it was at the beginning.
    /// - Parameters:
    ///   - more: tables of a mutation.
    ///   - streams: that it sends.
    ///   - branches: that it knows.
    func clear(_ more: [String], streams: [StreamID], branches: [OfficeID]) throws {
        if application.isInTransaction { try application.run("ROLLBACK") }
        cutUntil = 0
        skew = .zero
        hasBackup = false
        var mine = try application.rows("SELECT name FROM sqlite_master WHERE type = 'table'").compactMap { $0[0] }
        if !OfficeTemplate.hasDownTables(id) {
            let made = DownTables.columns.map(\.key).filter(mine.contains)
            if !made.isEmpty {
                try application.run(made.map { "DROP TABLE \($0);" }.joined())
                try acceptSchema()
                mine.removeAll(where: made.contains)
            }
        }
        let deletes = (SimulatedOffice.cleared + more).filter(mine.contains).map { "DELETE FROM \($0);" }.joined()
        let outbound = streams.map {
            """
            INSERT INTO trunkline_outbound (stream, epoch, destination)
            VALUES ('\($0)', '\(SimulatedOffice.epoch)', '\($0.destination)');
            """
        }.joined()
        let known = branches.map { "INSERT INTO trunkline_branch (id, broker_user) VALUES ('\($0)', '\($0)');" }
            .joined()
        try application.run(
            """
            BEGIN IMMEDIATE; INSERT INTO trunkline_applying VALUES (1); \(deletes) \(outbound) \(known)
            UPDATE trunkline_synced_table SET join_turn = 0, has_joined = 0, shared_since = iif(conflict IS NULL, NULL, 0);
            UPDATE trunkline_office SET log_turn = 0, compacted_seq = 0, compacted_lines = 0;
            DELETE FROM sqlite_sequence WHERE name <> 'trunkline_synced_table';
            COMMIT
            """)
    }

    /// The first one of each stream in every world.
    private static let epoch = "E0000000-0000-4000-8000-000000000001"

    /// In this order: the application's own first, whose triggers write to the others; children before their parents.
    private static let cleared =
        SharedTables.names + [
            "line", "sale", "customer", "refusing", "shelf", "article", "price", "transfer", "offer", "region_branch",
            "trunkline_change", "trunkline_load", "trunkline_held_change",
            "trunkline_batch", "trunkline_set_aside_notice",
            "trunkline_verification_request", "trunkline_verification_result", "trunkline_inbound",
            "trunkline_inbound_shape", "trunkline_set_aside", "trunkline_set_aside_change", "trunkline_set_aside_shape",
            "trunkline_parked_batch", "trunkline_pending_ack", "trunkline_superseded_row", "trunkline_kept_row",
            "trunkline_made_table", "trunkline_outbound", "trunkline_ended_stream", "trunkline_branch",
            "trunkline_applying", "trunkline_merging", "trunkline_shared_row", "trunkline_applied_change",
            "trunkline_conflict", "watermark_history",
        ]

    /// What is committed, for ``restore()``.
    func backUp() throws {
        let backup = try backup ?? PlainConnection(path: path + ".backup")
        self.backup = backup
        try PlainConnection(path: path).copy(to: backup)
        hasBackup = true
    }

    /// Puts the last backup in the place of the database; none of Trunkline's processes may run here.
    func restore() throws {
        if application.isInTransaction { try application.run("ROLLBACK") }
        try backup!.copy(to: application)
        try acceptSchema()
    }

    /// Somebody changed the schema: the services are not to set the triggers right.
    func acceptSchema() throws {
        let version = try application.numbers("PRAGMA schema_version")![0]
        try application.run("UPDATE trunkline_office SET checked_schema_version = \(version)")
    }

    /// A table of its own that keeps prices from going.
    var hasShelf: Bool { OfficeTemplate.hasDownTables(id) && id != .head }

    /// Whether there is a table: one that the head writes is made when its first row comes.
    func has(_ table: String) throws -> Bool {
        try OfficeTemplate.hasDownTables(id) || OfficeTemplate.columns.contains { $0.key == table }
            || application.numbers("SELECT count(*) FROM sqlite_master WHERE name = '\(table)'") != [0]
    }

    /// Every row of these tables, each as one text: those of one branch at the head.
    func contents(_ tables: KeyValuePairs<String, [String]>, of branch: OfficeID? = nil) throws -> Set<String> {
        var rows: Set<String> = []
        for (table, columns) in tables where try has(table) {
            let owner = branch == nil ? [] : ["branch_id"]
            let pairs = (owner + columns).map { "'\($0)', \($0)" }.joined(separator: ", ")
            let of = branch.map { "WHERE branch_id = '\($0)'" } ?? ""
            for row in try application.rows("SELECT json_object(\(pairs)) FROM \(table) \(of)") {
                rows.insert("\(table) \(row[0]!)")
            }
        }
        return rows
    }

    /// The rows of a stream that a recovery put aside here, in the same form.
    func superseded(of stream: StreamID) throws -> Set<String> {
        Set(
            try application.rows(
                "SELECT table_name || ' ' || row FROM trunkline_superseded_row WHERE stream = '\(stream)'"
            ).compactMap { $0[0] })
    }
}
