internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func pendingHalt(of stream: StreamID) async throws(StoreError) -> Halt? {
        try await read("pendingHalt", stream.description) { db in try Recovery(stream, db).pendingHalt() }
    }

    public func haltPublished(_ halt: Halt) async throws(StoreError) {
        try await write("haltPublished", halt.stream.description) { db in
            try db.execute(
                sql: "UPDATE trunkline_outbound SET halt_untold = 0 WHERE stream = ?",
                arguments: [halt.stream.description])
        }
    }

    public func recovery(of stream: StreamID) async throws(StoreError) -> RecoveryState? {
        try await read("recovery", stream.description) { db in try Recovery(stream, db).read().state }
    }

    public func beginRecovery(of stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) async throws(StoreError) {
        try await write("recover", stream.description) { db in
            try SenderEngine(SQLiteSending(db: db)).beginRecovery(of: stream, mode, newKeys: newKeys)
        }
    }
}
