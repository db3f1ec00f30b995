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
        let position = AckDecision.Position(
            epoch: outbound.epoch, pastEpochs: Set(outbound.pastEpochs), lastFormed: outbound.nextNumber - 1,
            acked: outbound.ackedWatermark)
        switch AckDecision.decide(ack, at: position, ownID: try ownID()) {
        case .record: break
        case .ignore(let reason): return .ignored(reason: reason)
        case .refused(let reason): return try stop(reason)
        case .halt(let reason): return try halt(reason)
        case .resend:
            try Recovery(ack.stream, db).begin(.resend)
            return .resending
        }
        let acked = try acknowledge()
        if let list = ack.setAside, ack.setAsideVersion > outbound.setAsideVersion { try replaceNotices(list) }
        if let result = ack.verification, result.stream == ack.stream { try VerificationRecord.save(result, db) }
        try VerificationRecord.askAgain(ack.stream, answeredThrough: ack.watermark, db)
        return .recorded(acked: acked)
    }

    /// The id of our own batch of the number that the ack names.
    private func ownID() throws -> UUID? {
        try String.fetchOne(
            db, sql: "SELECT id FROM trunkline_batch WHERE stream = ? AND number = ?",
            arguments: [ack.stream.description, ack.watermark]
        ).flatMap(UUID.init(uuidString:))
    }

    private func acknowledge() throws -> [Acknowledgement] {
        let stream = ack.stream.description
        let acked = try Row.fetchAll(
            db,
            sql: """
                SELECT number, id, coalesce(rows, changes) AS rows, coalesce(bytes, 0) AS bytes FROM trunkline_batch
                WHERE stream = ? AND number <= ? AND state IN ('sent', 'pending') ORDER BY number
                """, arguments: [stream, ack.watermark]
        ).map {
            Acknowledgement(
                number: $0["number"], id: UUID(uuidString: $0["id"])!, rows: $0["rows"], bytes: $0["bytes"])
        }
        try db.execute(
            sql: """
                UPDATE trunkline_outbound SET
                    last_contact = \(Timestamp.now),
                    held = :held,
                    acked_watermark = max(acked_watermark, :watermark),
                    acked_rows = acked_rows + (
                        SELECT coalesce(sum(coalesce(rows, changes)), 0) FROM trunkline_batch
                        WHERE stream = :stream AND number <= :watermark AND state IN ('sent', 'pending')),
                    acked_seq = max(acked_seq, (
                        SELECT coalesce(max(to_seq), 0) FROM trunkline_batch
                        WHERE stream = :stream AND number <= :watermark))
                WHERE stream = :stream
                """, arguments: ["stream": stream, "watermark": ack.watermark, "held": ack.held.map(ShortReason.text)])
        try db.execute(
            sql: """
                UPDATE trunkline_batch SET state = 'acked', acked_at = \(Timestamp.now)
                WHERE stream = ? AND number <= ? AND state IN ('sent', 'pending')
                """, arguments: [stream, ack.watermark])
        return acked
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

    /// A stop of our own, of which the receiver is to be told.
    private func halt(_ reason: String) throws -> AckOutcome {
        try db.execute(
            sql: """
                UPDATE trunkline_outbound SET halt_untold = halt_untold OR stopped IS NULL, receiver_epoch = ?
                WHERE stream = ?
                """, arguments: [ack.epoch.uuidString, ack.stream.description])
        return try stop(reason)
    }
}
