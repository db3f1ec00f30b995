internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// A row of `trunkline_outbound`: how far a stream of this office has come.
struct Outbound {
    var epoch: UUID
    var nextNumber: Int64
    var lastID: UUID?
    var cursor: Int64
    var setAsideVersion: Int64
    var setAsideTotal: Int
    var ackedWatermark: Int64
    var stopped: String?
    var pastEpochs: [UUID]
    var recovery: RecoveryMode?
    var receiverKeepsShapes: Bool

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
            setAsideVersion: row["set_aside_version"], setAsideTotal: row["set_aside_total"],
            ackedWatermark: row["acked_watermark"],
            stopped: row["stopped"], pastEpochs: try JSONText.decode([UUID].self, row["past_epochs"]),
            recovery: (row["recovery"] as String?).flatMap(RecoveryMode.init(rawValue:)),
            receiverKeepsShapes: row["receiver_keeps_shapes"])
    }

    /// - Throws: ``StoreError`` when this office does not send the stream.
    static func get(_ stream: StreamID, _ db: Database, operation: String) throws -> Outbound {
        if let found = try find(stream, db) { return found }
        throw StoreError(
            .notInitialised, operation: operation, subject: stream.description,
            reason: "this office does not send this stream",
            hint: "run trunkline init, and compare office.id with the database")
    }

    /// Begins the stream with an epoch of its own, unless it is there.
    static func start(_ stream: StreamID, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO trunkline_outbound (stream, epoch) VALUES (?, ?) ON CONFLICT (stream) DO NOTHING",
            arguments: [stream.description, UUID().uuidString])
    }

    static func stop(_ stream: StreamID, reason: String, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_outbound SET stopped = coalesce(stopped, ?) WHERE stream = ?",
            arguments: [reason, stream.description])
    }
}
