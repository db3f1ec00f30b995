internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func readBatch(_ batch: ClaimedBatch, limits: ReadLimits) async throws(StoreError) -> BatchReading {
        let (reading, notices) = try await read("readBatch", batch.stream.description) { db in
            var reader = try BatchReader(batch: batch, limits: limits, db: db)
            return (try reader.read(), reader.notices)
        }
        if !notices.isEmpty {
            try await write("setAsideAtSender", batch.stream.description) { db in
                try notices.save(stream: batch.stream, db)
            }
        }
        return reading
    }
}
