internal import GRDB
public import TrunklineCore

/// What is to be sent of a batch, and what is to be noted before.
private struct Found: Sendable {
    var reading: BatchReading
    var notices: SenderNotices
    var held: [HeldChanges.Line]
    var holdsPiece: Bool
}

extension SQLiteStore {
    /// Nothing is read while the schema is not as it was when the triggers were last seen to, so that a table that is
    /// missing is told from rows that are.
    public func readBatch(_ batch: ClaimedBatch, limits: ReadLimits) async throws(StoreError) -> BatchReading {
        for _ in 0..<3 {
            let found = try await read("readBatch", batch.stream.description) { db -> Found? in
                guard try !Capture.needsCheck(Office.read(db, operation: "readBatch"), db) else { return nil }
                return try db.withLengthLimit(limits.rowBytes) {
                    var reader = try BatchReader(batch: batch, limits: limits, db: db)
                    return Found(
                        reading: try reader.read(), notices: reader.notices, held: reader.held,
                        holdsPiece: reader.holdsPiece)
                }
            }
            guard let found else {
                try await healCapture()
                continue
            }
            if !found.notices.isEmpty || !found.held.isEmpty || found.holdsPiece {
                try await write("setAsideAtSender", batch.stream.description) { db in
                    try found.notices.save(db)
                    try HeldChanges.hold(found.held, db)
                    if found.holdsPiece { try LoadPiece.giveUp(batch, db) }
                }
            }
            return found.reading
        }
        throw StoreError(
            .contention, operation: "readBatch", subject: location.path, reason: "the tables are being changed just now"
        )
    }
}
