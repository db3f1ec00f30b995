internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func recordAck(_ ack: Ack) async throws(StoreError) -> AckOutcome {
        try await write("recordAck", ack.stream.description) { db in
            try AckRecording(ack: ack, db: db).run()
        }
    }

    public func prune(_ stream: StreamID) async throws(StoreError) -> Int {
        let lowest = try await read("prune", stream.description) { db in try AckedBatch.lowest(of: stream, db) }
        guard lowest != nil else { return 0 }
        return try await write("prune", stream.description) { db in
            guard let batch = try AckedBatch.lowest(of: stream, db) else { return 0 }
            try batch.prune(stream, db)
            return 1
        }
    }

    public func resetStale(
        of stream: StreamID, policy: StalePolicy, quietFor: Duration
    ) async throws(StoreError) -> Int {
        let stale = try await read("resetStale", stream.description) { db in
            try SentBatch.all(of: stream, db).filter { $0.isStale(by: policy, quietFor: quietFor) }
        }
        guard !stale.isEmpty else { return 0 }
        return try await write("resetStale", stream.description) { db in
            try stale.reduce(0) { try $0 + $1.makePending(stream, db) }
        }
    }
}
