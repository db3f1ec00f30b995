internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func recordAck(_ ack: Ack) async throws(StoreError) -> AckOutcome {
        // An ack that a loss of power undoes comes again.
        try await write("recordAck", ack.stream.description, durably: false) { db in
            try SenderEngine(SQLiteSending(db: db)).record(ack)
        }
    }

    public func prune(_ stream: StreamID) async throws(StoreError) -> Int {
        let lowest = try await read("prune", stream.description) { db in try AckedBatch.lowest(of: stream, db) }
        guard lowest != nil else { return 0 }
        while true {
            let (outcome, duration) = try await write("prune", stream.description, durably: false) { db in
                let start = ContinuousClock.now
                let outcome = try AckedBatch.lowest(of: stream, db)?.prune(stream, db)
                return (outcome, ContinuousClock.now - start)
            }
            switch outcome {
            case nil: return 0
            case .done: return 1
            // As long a pause as the work: the till's writes come in between.
            case .partly: try? await Task.sleep(for: max(duration, .milliseconds(1)))
            }
        }
    }

    public func resetStale(
        of stream: StreamID, policy: StalePolicy, quietFor: Duration
    ) async throws(StoreError) -> Int {
        let stale = try await read("resetStale", stream.description) { db in
            try SentBatch.all(of: stream, db).filter { $0.isStale(by: policy, quietFor: quietFor) }
        }
        guard !stale.isEmpty else { return 0 }
        return try await write("resetStale", stream.description, durably: false) { db in
            try stale.reduce(0) { try $0 + $1.makePending(stream, db) }
        }
    }
}
