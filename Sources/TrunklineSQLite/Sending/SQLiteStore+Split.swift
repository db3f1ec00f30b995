internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func splitBatch(
        _ batch: ClaimedBatch, keeping changes: Int
    ) async throws(StoreError) -> ClaimedBatch? {
        try await write("splitBatch", batch.stream.description) { db in
            try BatchSplit(batch: batch, db: db).keep(max(1, changes))
        }
    }
}
