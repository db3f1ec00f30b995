internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// Takes an ack, in the caller's transaction. Any ack may come twice, late, or out of order.
struct AckRecording {
    let ack: Ack
    let db: Database

    func run() throws -> AckOutcome {
        guard let outbound = try Outbound.find(ack.stream, db) else {
            return .ignored(reason: "this office does not send stream \(ack.stream)")
        }
        guard ack.epoch == outbound.epoch else {
            // A receiver that follows another history refused a batch of ours: that is news for us.
            guard let notice = ack.stopped, notice.epoch == outbound.epoch else {
                return .ignored(reason: "it is of epoch \(ack.epoch), this office sends epoch \(outbound.epoch)")
            }
            return try stop(notice.reason)
        }
        guard ack.watermark < outbound.nextNumber else {
            return try stop(
                "the receiver has batch \(ack.watermark), this database has formed \(outbound.nextNumber - 1) only: it is an older copy"
            )
        }
        let acked = try acknowledge()
        if let list = ack.setAside, ack.setAsideVersion > outbound.setAsideVersion { try replaceNotices(list) }
        if let result = ack.verification, result.stream == ack.stream { try VerificationRecord.save(result, db) }
        if let notice = ack.stopped { return try stop(notice.reason) }
        return .recorded(batchesAcked: acked)
    }

    private func acknowledge() throws -> Int {
        let stream = ack.stream.description
        try db.execute(
            sql: """
                UPDATE trunkline_outbound SET
                    last_contact = \(Timestamp.now),
                    acked_watermark = max(acked_watermark, :watermark),
                    acked_rows = acked_rows + (
                        SELECT coalesce(sum(coalesce(rows, changes)), 0) FROM trunkline_batch
                        WHERE stream = :stream AND number <= :watermark AND state IN ('sent', 'pending')),
                    acked_seq = max(acked_seq, (
                        SELECT coalesce(max(to_seq), 0) FROM trunkline_batch
                        WHERE stream = :stream AND number <= :watermark))
                WHERE stream = :stream
                """, arguments: ["stream": stream, "watermark": ack.watermark])
        try db.execute(
            sql: """
                UPDATE trunkline_batch SET state = 'acked', acked_at = \(Timestamp.now)
                WHERE stream = ? AND number <= ? AND state IN ('sent', 'pending')
                """, arguments: [stream, ack.watermark])
        return db.changesCount
    }

    private func replaceNotices(_ list: [SetAsideNotice]) throws {
        let stream = ack.stream.description
        let known = try Row.fetchAll(
            db,
            sql: """
                SELECT table_name || ' ' || key AS id, since FROM trunkline_set_aside_notice
                WHERE stream = ? AND origin = 'receiver'
                """, arguments: [stream])
        let since = Dictionary(
            known.map { ($0["id"] as String, $0["since"] as String) }, uniquingKeysWith: { a, _ in a })
        try db.execute(
            sql: "DELETE FROM trunkline_set_aside_notice WHERE stream = ? AND origin = 'receiver'", arguments: [stream])
        var keys = LocalKeys(db)
        for notice in list {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_set_aside_notice (stream, table_name, key, local_key, origin, reason, since)
                    VALUES (?, ?, ?, ?, 'receiver', ?, coalesce(?, \(Timestamp.now)))
                    ON CONFLICT (stream, table_name, key, origin) DO NOTHING
                    """,
                arguments: [
                    stream, notice.table.description, notice.key.description,
                    try keys.localKey(of: notice.key, in: notice.table), notice.reason,
                    since["\(notice.table) \(notice.key)"],
                ])
        }
        try db.execute(
            sql: "UPDATE trunkline_outbound SET set_aside_version = ?, set_aside_total = ? WHERE stream = ?",
            arguments: [ack.setAsideVersion, ack.setAsideTotal, stream])
    }

    private func stop(_ reason: String) throws -> AckOutcome {
        try db.execute(
            sql: "UPDATE trunkline_outbound SET last_contact = \(Timestamp.now) WHERE stream = ?",
            arguments: [ack.stream.description])
        try Outbound.stop(ack.stream, reason: reason, db)
        return .stopped(reason: reason)
    }
}
