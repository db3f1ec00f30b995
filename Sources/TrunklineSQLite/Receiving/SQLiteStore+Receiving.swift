internal import FoundationEssentials
internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome {
        try await write("receive", batch.header.stream.description) { db in
            try BatchReceiver(batch: batch, db: db).run(parking: parking)
        }
    }

    public func nextParked(of stream: StreamID) async throws(StoreError) -> [UInt8]? {
        try await read("nextParked", stream.description) { db in
            try Data.fetchOne(
                db,
                sql: """
                    SELECT p.message FROM trunkline_parked_batch AS p JOIN trunkline_inbound AS i
                        ON i.stream = p.stream AND i.epoch = p.epoch AND p.number = i.watermark + 1
                    WHERE p.stream = ? AND i.stopped IS NULL LIMIT 1
                    """, arguments: [stream.description]
            ).map { [UInt8]($0) }
        }
    }

    public func retrySetAside(_ selection: SetAsideSelection, limit: Int) async throws(StoreError) -> RetryOutcome {
        let streams = try await read("retry", "set-aside rows") { db in
            try String.fetchAll(
                db, sql: "SELECT DISTINCT stream FROM trunkline_set_aside WHERE ?1 IS NULL OR stream = ?1",
                arguments: [selection.stream?.description]
            ).compactMap { StreamID($0) }
        }
        var total = RetryOutcome(tried: 0, stored: 0)
        for stream in streams where total.tried < limit {
            let room = limit - total.tried
            let outcome = try await write("retry", stream.description) { db in
                let outcome = try SetAsideRows(stream: stream, db: db).retry(
                    table: selection.table, notTriedFor: selection.notTriedFor, patiently: false, limit: room)
                if outcome.stored > 0 {
                    try Inbound.listChanged(stream, db)
                    try Inbound.leaveAck(stream, whole: true, verification: nil, db)
                }
                return outcome
            }
            total.tried += outcome.tried
            total.stored += outcome.stored
        }
        return total
    }

    public func pendingAcks(limit: Int) async throws(StoreError) -> [PendingAck] {
        try await read("pendingAcks", "trunkline_pending_ack") { db in
            try Inbound.pendingAcks(limit: limit, db)
        }
    }

    public func removePendingAck(_ ack: PendingAck) async throws(StoreError) {
        try await write("removePendingAck", ack.ack.stream.description) { db in
            try db.execute(
                sql: """
                    DELETE FROM trunkline_pending_ack WHERE stream = ?1
                        AND EXISTS (SELECT 1 FROM trunkline_inbound WHERE stream = ?1 AND ack_serial = ?2)
                    """, arguments: [ack.ack.stream.description, ack.serial])
        }
    }
}
