internal import GRDB
public import TrunklineCore

/// What is to be sent of a batch, and what is to be noted before.
private struct Found: Sendable {
    var reading: BatchReading
    var notices: SenderNotices
    var held: [HeldChanges.Line]
    var holdsPiece: Bool
    var problems: [ReadingProblem]
    var mended: [SyncedTable]

    var isNothing: Bool {
        notices.isEmpty && held.isEmpty && !holdsPiece && problems.isEmpty && mended.isEmpty
    }
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
                        holdsPiece: reader.holdsPiece, problems: reader.problems, mended: reader.mended)
                }
            }
            guard let found else {
                try await healCapture()
                continue
            }
            if !found.isNothing {
                try await write("setAsideAtSender", batch.stream.description) { db in
                    try found.notices.save(db)
                    for problem in found.problems { try problem.record(db) }
                    for table in found.mended { try ReadingProblem.forget(table, db) }
                    try HeldChanges.hold(found.held, db)
                    if found.holdsPiece { try LoadPiece.giveUp(batch, db) }
                    if found.holdsPiece || !found.held.isEmpty {
                        try VerificationRecord.withdrawClaims(behind: batch.number, of: batch.stream, db)
                    }
                }
            }
            return found.reading
        }
        throw StoreError(
            .contention, operation: "readBatch", subject: location.path, reason: "the tables are being changed just now"
        )
    }
}
