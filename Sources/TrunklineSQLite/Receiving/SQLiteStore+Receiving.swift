internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func receiving<Value: Sendable>(
        _ operation: String, _ subject: String,
        _ body: @escaping @Sendable (any ReceiverTransaction) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        try await write(operation, subject) { db in
            let office = try Office.read(db, operation: operation)
            guard office.role == .branch else { return try body(SQLiteReceiving(db)) }
            // A table that somebody made anew has lost its triggers.
            if try Capture.needsCheck(office, db) {
                var capture = Capture(db)
                try capture.heal()
            }
            return try LocalWriteGuards.applying(db) { try body(SQLiteReceiving(db)) }
        }
    }

    public func nextParked(of stream: StreamID) async throws(StoreError) -> [UInt8]? {
        try await read("nextParked", stream.description) { db in try ParkedBatches(stream, db).next() }
    }

    public func streamsToTend() async throws(StoreError) -> [TendedStream] {
        try await read("streamsToTend", "trunkline_inbound") { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT stream, max(parked) AS parked, max(NOT parked) AS aside FROM (
                        SELECT i.stream, 1 AS parked \(ParkedBatches.ready)
                        UNION ALL
                        SELECT stream, 0 FROM trunkline_inbound AS i WHERE EXISTS (
                            SELECT 1 FROM trunkline_set_aside AS s
                            WHERE s.stream = i.stream AND s.retry_at <= julianday('now'))
                    ) GROUP BY stream ORDER BY stream
                    """
            ).compactMap { row in
                StreamID(row["stream"]).map {
                    TendedStream(stream: $0, hasParked: row["parked"], hasSetAside: row["aside"])
                }
            }
        }
    }

    public func streamsWithSetAside() async throws(StoreError) -> [StreamID] {
        try await read("retry", "set-aside rows") { db in
            try String.fetchAll(db, sql: "SELECT DISTINCT stream FROM trunkline_set_aside ORDER BY stream")
                .compactMap { StreamID($0) }
        }
    }

    public func hasten(_ stream: StreamID?) async throws(StoreError) -> Int {
        try await write("hasten", stream?.description ?? "held streams") { db in
            try db.execute(
                sql: """
                    UPDATE trunkline_inbound SET held_until = julianday('now')
                    WHERE held IS NOT NULL AND (?1 IS NULL OR stream = ?1)
                    """, arguments: [stream?.description])
            return db.changesCount
        }
    }

    public func pendingAcks(limit: Int) async throws(StoreError) -> [PendingAck] {
        try await read("pendingAcks", "trunkline_pending_ack") { db in
            try Inbound.pendingAcks(limit: limit, db)
        }
    }

    public func removePendingAck(_ ack: PendingAck) async throws(StoreError) {
        try await write("removePendingAck", ack.ack.stream.description) { db in
            try Inbound.published(ack, db)
        }
    }
}
