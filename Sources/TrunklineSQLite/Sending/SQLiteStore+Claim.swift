internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func claimBatch(
        of stream: StreamID, window: Int, changes: Int
    ) async throws(StoreError) -> ClaimedBatch? {
        try await noteLook(for: .changes)
        // Where a load finds nothing that is for the stream, it goes on for some steps; then others have their turn.
        for _ in 0..<8 {
            // Looking first keeps an idle publisher from ever taking the write lock.
            let work = try await read("claimBatch", stream.description) { db in
                try BatchQueue(stream, db).look(window: window, changes: changes)
            }
            let step: LoadStep?
            switch work {
            case .nothing: return nil
            case .heal:
                try await healCapture()
                continue
            case .failed(let problem):
                try await write("claimBatch", stream.description) { db in try problem.record(db) }
                continue
            case .claim(let found): step = found
            }
            let claim = try await write("claimBatch", stream.description, durably: false) { db in
                try BatchQueue(stream, db).claim(window: window, changes: changes, step: step)
            }
            switch claim {
            case .nothing: return nil
            case .again: continue
            case .claimed(let batch):
                // A number that was sent must never be given to another batch; nobody need be locked out for that.
                try await flush("claimBatch")
                return batch
            }
        }
        return nil
    }

    public func formIdleBatch(of stream: StreamID, after silence: Duration) async throws(StoreError) -> Bool {
        // Looking first, as in a claim.
        let isDue = try await read("formIdleBatch", stream.description) { db in
            try IdleBatch.isDue(stream, after: silence, db)
        }
        guard isDue else { return false }
        return try await write("formIdleBatch", stream.description, durably: false) { db in
            guard try IdleBatch.isDue(stream, after: silence, db) else { return false }
            try IdleBatch.form(stream, db)
            return true
        }
    }

    public func releaseBatch(_ batch: ClaimedBatch) async throws(StoreError) {
        try await write("releaseBatch", batch.stream.description, durably: false) { db in
            try db.execute(
                sql: """
                    UPDATE trunkline_batch SET state = 'pending'
                    WHERE stream = ? AND number = ? AND id = ? AND state = 'sent' AND attempts = ?
                    """,
                arguments: [batch.stream.description, batch.number, batch.id.uuidString, batch.attempt])
        }
    }

    public func noteSent(_ batch: ClaimedBatch, rows: Int, bytes: Int) async throws(StoreError) {
        try await write("noteSent", batch.stream.description, durably: false) { db in
            try db.execute(
                sql: """
                    UPDATE trunkline_batch SET rows = ?, bytes = ?
                    WHERE stream = ? AND number = ? AND id = ? AND attempts = ?
                    """,
                arguments: [rows, bytes, batch.stream.description, batch.number, batch.id.uuidString, batch.attempt])
        }
    }
}
