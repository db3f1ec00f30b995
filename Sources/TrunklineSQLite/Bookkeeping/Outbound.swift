internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// A row of `trunkline_outbound`: how far a stream of this office has come.
struct Outbound {
    var epoch: UUID
    var nextNumber: Int64
    var lastID: UUID?
    var cursor: Int64
    /// Whose lines of the log are its own, besides those for all.
    var destination: String
    /// Whether the batch that was formed last is of a load: then changes are next.
    var wasLoad: Bool
    var setAsideVersion: Int64
    var setAsideTotal: Int
    var ackedWatermark: Int64
    var stopped: String?
    var pastEpochs: [UUID]
    var recovery: RecoveryMode?
    var receiverKeepsShapes: Bool
    var differences: [TableDifference]
    /// That the receiver understands.
    var headerVersion: Int

    /// Whether changes travel, or a recovery waits for a decision.
    var sendsChanges: Bool { recovery?.sendsChanges ?? true }

    static func find(_ stream: StreamID, _ db: Database) throws -> Outbound? {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM trunkline_outbound WHERE stream = ?"),
            arguments: [stream.description])
        guard let row else { return nil }
        return Outbound(
            epoch: UUID(uuidString: row["epoch"])!, nextNumber: row["next_number"],
            lastID: (row["last_id"] as String?).flatMap(UUID.init(uuidString:)), cursor: row["cursor"],
            destination: row["destination"], wasLoad: row["was_load"], setAsideVersion: row["set_aside_version"],
            setAsideTotal: row["set_aside_total"],
            ackedWatermark: row["acked_watermark"],
            stopped: row["stopped"], pastEpochs: try JSONText.decode([UUID].self, row["past_epochs"]),
            recovery: (row["recovery"] as String?).flatMap(RecoveryMode.init(rawValue:)),
            receiverKeepsShapes: row["receiver_keeps_shapes"],
            differences: try JSONText.decode([TableDifference].self, row["differences"]),
            headerVersion: row["header_version"])
    }

    /// - Throws: ``StoreError`` when this office does not send the stream.
    static func get(_ stream: StreamID, _ db: Database, operation: String) throws -> Outbound {
        if let found = try find(stream, db) { return found }
        throw StoreError(
            .notInitialised, operation: operation, subject: stream.description,
            reason: "this office does not send this stream",
            hint: "run trunkline init, and compare office.id with the database")
    }

    /// Begins the stream with an epoch of its own and behind all that is logged, unless it is there: what is there of the
    /// tables is loaded.
    /// - Returns: whether it began now.
    @discardableResult
    static func start(_ stream: StreamID, _ db: Database) throws -> Bool {
        try db.execute(
            sql: """
                INSERT INTO trunkline_outbound (stream, epoch, destination, cursor, acked_seq, past_epochs)
                SELECT ?1, ?2, ?3, at, at,
                    coalesce((SELECT epochs FROM trunkline_ended_stream WHERE stream = ?1), '[]')
                FROM (SELECT max(
                    coalesce((SELECT max(seq) FROM trunkline_change), 0),
                    coalesce((SELECT max(cursor) FROM trunkline_outbound), 0)) AS at)
                WHERE TRUE ON CONFLICT (stream) DO NOTHING
                """, arguments: [stream.description, UUID().uuidString, stream.destination.description])
        return db.changesCount > 0
    }

    /// Ends the stream: what is only for it goes, but for its lines of the log, which ``SharedLines`` takes away.
    /// Its epochs are kept: it may begin once more, and then replaces them.
    static func end(_ stream: StreamID, _ db: Database) throws {
        if let ended = try find(stream, db) {
            let epochs = Array((ended.pastEpochs + [ended.epoch]).suffix(16))
            try db.execute(
                sql: "INSERT OR REPLACE INTO trunkline_ended_stream VALUES (?, ?)",
                arguments: [stream.description, try JSONText.encode(epochs)])
        }
        for table in [
            "trunkline_outbound", "trunkline_batch", "trunkline_load", "trunkline_set_aside_notice",
            "trunkline_verification_request",
        ] {
            try db.execute(sql: "DELETE FROM \(table) WHERE stream = ?", arguments: [stream.description])
        }
        try turnLog(db)
    }

    static func all(_ db: Database) throws -> [StreamID] {
        try String.fetchAll(db, sql: "SELECT stream FROM trunkline_outbound ORDER BY stream").compactMap {
            StreamID($0)
        }
    }

    /// To be called where the place of a stream in the log goes back, or its stream ends: see ``sharedName(_:_:_:)``.
    static func turnLog(_ db: Database) throws {
        try db.execute(sql: "UPDATE trunkline_office SET log_turn = log_turn + 1")
    }

    /// Names what a piece of the log says, read at any time from when some stream went past it until a stream goes back.
    ///
    /// A key that changes is not logged again while a line of it is ahead of every stream. So a line that a stream went
    /// past may be read late, but not early: what was read since then has all that no later line tells of.
    static func sharedName(_ from: Int64, _ to: Int64, _ db: Database) throws -> String {
        let turn = try Int64.fetchOne(db, sql: "SELECT log_turn FROM trunkline_office") ?? 0
        return "\(turn)/\(from)-\(to)"
    }

    static func stop(_ stream: StreamID, reason: String, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_outbound SET stopped = coalesce(stopped, ?) WHERE stream = ?",
            arguments: [reason, stream.description])
    }
}
