internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The books of a sender, within the immediate transaction that its maker began on this connection.
struct SQLiteSending: SenderBooks {
    let db: Database
    let ownTables: any RowSink

    init(db: Database) {
        self.db = db
        ownTables = SQLiteReceiving(db, isReturning: true)
    }

    /// GRDB's errors as ours.
    private func run<Value>(_ operation: String, _ stream: StreamID, _ body: () throws -> Value)
        throws(StoreError) -> Value
    {
        do { return try body() } catch { throw StoreError(error, operation: operation, subject: "\(stream)") }
    }

    func lockOutbound(_ stream: StreamID) throws(StoreError) -> OutboundStream? {
        try run("read stream", stream) {
            guard let outbound = try Outbound.find(stream, db) else { return nil }
            return OutboundStream(
                position: AckDecision.Position(
                    epoch: outbound.epoch, pastEpochs: Set(outbound.pastEpochs), lastFormed: outbound.nextNumber - 1,
                    acked: outbound.ackedWatermark, isFreshlyResent: try Recovery(stream, db).isFreshlyResent()),
                setAsideVersion: outbound.setAsideVersion, setAsideTotal: outbound.setAsideTotal,
                receiverKeepsShapes: outbound.receiverKeepsShapes,
                differences: outbound.differences, headerVersion: outbound.headerVersion)
        }
    }

    func ownBatchID(_ number: Int64, of stream: StreamID) throws(StoreError) -> UUID? {
        try run("read batch", stream) {
            try String.fetchOne(
                db, sql: "SELECT id FROM trunkline_batch WHERE stream = ? AND number = ?",
                arguments: [stream.description, number]
            ).flatMap(UUID.init(uuidString:))
        }
    }

    func acknowledge(_ stream: StreamID, through watermark: Int64, held: String?) throws(StoreError)
        -> [Acknowledgement]
    {
        try run("acknowledge", stream) {
            let name = stream.description
            let acked = try Row.fetchAll(
                db,
                sql: """
                    SELECT number, id, coalesce(rows, changes) AS rows, coalesce(bytes, 0) AS bytes FROM trunkline_batch
                    WHERE stream = ? AND number <= ? AND state <> 'acked' ORDER BY number
                    """, arguments: [name, watermark]
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
                        acked_rows = acked_rows + :rows,
                        acked_seq = max(acked_seq, (
                            SELECT coalesce(max(to_seq), 0) FROM trunkline_batch
                            WHERE stream = :stream AND number <= :watermark))
                    WHERE stream = :stream
                    """,
                arguments: [
                    "stream": name, "watermark": watermark, "held": held, "rows": acked.reduce(0) { $0 + $1.rows },
                ])
            try db.execute(
                sql: """
                    UPDATE trunkline_batch SET state = 'acked', acked_at = \(Timestamp.now)
                    WHERE stream = ? AND number <= ? AND state <> 'acked'
                    """, arguments: [name, watermark])
            return acked
        }
    }

    func stopOutbound(_ stream: StreamID, reason: String, receiverEpoch: UUID, isOwn: Bool) throws(StoreError) {
        try run("stop stream", stream) {
            try db.execute(
                sql: """
                    UPDATE trunkline_outbound SET last_contact = \(Timestamp.now), receiver_epoch = nullif(?1, epoch),
                        halt_untold = halt_untold OR (?2 AND stopped IS NULL), stopped = coalesce(stopped, ?3)
                    WHERE stream = ?4
                    """, arguments: [receiverEpoch.uuidString, isOwn, reason, stream.description])
        }
    }

    func replaceNotices(_ notices: [SetAsideNotice], of stream: StreamID) throws(StoreError) {
        let keys = notices.map { SetAsideKey(table: $0.table, key: $0.key) }
        try run("replace set-aside notices", stream) {
            try db.execute(
                sql: """
                    DELETE FROM trunkline_set_aside_notice WHERE stream = ?1 AND origin = 'receiver'
                        AND (table_name, key) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))
                    """,
                arguments: [
                    stream.description, try JSONText.encode(keys.map { [$0.table.description, $0.key.description] }),
                ])
        }
        try changeNotices(notices, gone: [], of: stream)
    }

    func changeNotices(_ notices: [SetAsideNotice], gone: [SetAsideKey], of stream: StreamID) throws(StoreError) {
        try run("change set-aside notices", stream) {
            for row in gone {
                try db.execute(
                    sql: """
                        DELETE FROM trunkline_set_aside_notice
                        WHERE stream = ? AND table_name = ? AND key = ? AND origin = 'receiver'
                        """, arguments: [stream.description, row.table.description, row.key.description])
            }
            var keys = LocalKeys(db)
            for notice in notices {
                try db.execute(
                    sql: """
                        INSERT INTO trunkline_set_aside_notice (stream, table_name, key, local_key, origin, reason, since)
                        VALUES (?, ?, ?, ?, 'receiver', ?, \(Timestamp.now))
                        ON CONFLICT (stream, table_name, key, origin) DO UPDATE
                        SET local_key = excluded.local_key, reason = excluded.reason
                        """,
                    arguments: [
                        stream.description, notice.table.description, notice.key.description,
                        try keys.localKey(of: notice.key, in: notice.table), notice.reason,
                    ])
            }
        }
    }

    func sentTables() throws(StoreError) -> Set<TableName> {
        do { return Set(try SyncedTable.all(db).map(\.name)) } catch {
            throw StoreError(error, operation: "read synced tables", subject: "the bookkeeping")
        }
    }

    func sharedTables() throws(StoreError) -> Set<TableName> {
        do { return Set(try SyncedTable.all(db).filter { $0.conflict != nil }.map(\.name)) } catch {
            throw StoreError(error, operation: "read synced tables", subject: "the bookkeeping")
        }
    }

    func reload(_ table: TableName, of stream: StreamID) throws(StoreError) {
        try run("load table", stream) { try LocalRows(table, for: stream, db)?.loadAll() }
    }

    func tables(noticedBy entry: RowKey, _ stream: StreamID) throws(StoreError) -> Set<TableName> {
        try run("read set-aside notices", stream) { try SenderNotices.tables(noticedBy: entry, stream, db) }
    }

    func noticeSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try run("measure set-aside notices", stream) {
            let size = try Row.fetchOne(
                db,
                sql: """
                    SELECT count(*), coalesce(sum(length(CAST(key AS BLOB)) + length(CAST(reason AS BLOB))), 0)
                    FROM trunkline_set_aside_notice WHERE stream = ? AND origin = 'receiver'
                    """, arguments: [stream.description])!
            return (size[0], size[1])
        }
    }

    func noteSetAsideList(_ stream: StreamID, version: Int64, total: Int) throws(StoreError) {
        try run("note set-aside list", stream) {
            try db.execute(
                sql: "UPDATE trunkline_outbound SET set_aside_version = ?, set_aside_total = ? WHERE stream = ?",
                arguments: [version, total, stream.description])
        }
    }

    func note(_ differences: [TableDifference], headerVersion: Int, of stream: StreamID) throws(StoreError) {
        try run("note differences", stream) {
            try db.execute(
                sql: "UPDATE trunkline_outbound SET differences = ?, header_version = ? WHERE stream = ?",
                arguments: [try JSONText.encode(differences), headerVersion, stream.description])
        }
    }

    func noteShapes(kept: Bool, of stream: StreamID) throws(StoreError) {
        try run("note what the receiver keeps", stream) {
            try db.execute(
                sql: "UPDATE trunkline_outbound SET receiver_keeps_shapes = ? WHERE stream = ?",
                arguments: [kept, stream.description])
            guard !kept else { return }
            try db.execute(
                sql: "UPDATE trunkline_batch SET state = 'pending' WHERE stream = ? AND state = 'sent'",
                arguments: [stream.description])
        }
    }

    func keepResult(_ result: VerificationResult) throws(StoreError) {
        try run("keep verification result", result.stream) { try VerificationRecord.keep(result, db) }
    }

    func request(_ wish: VerificationRequest) throws(StoreError) {
        try run("request verification", wish.stream) { try VerificationRecord.request(wish, db) }
    }

    func askAgain(_ stream: StreamID, answeredThrough watermark: Int64) throws(StoreError) {
        try run("ask again", stream) { try VerificationRecord.askAgain(stream, answeredThrough: watermark, db) }
    }

    func outboundRecovery(_ stream: StreamID) throws(StoreError) -> OutboundRecovery {
        try run("read recovery", stream) { try Recovery(stream, db).read() }
    }

    func checkYielding(newKeys: Bool, returns: Bool) throws(StoreError) {}

    func beginEpoch(_ stream: StreamID, newKeys: Bool) throws(StoreError) {
        try run("begin epoch", stream) { try Recovery(stream, db).beginEpoch(newKeys: newKeys) }
    }

    func setRecovery(_ recovery: RecoveryState?, passes: Int, of stream: StreamID) throws(StoreError) {
        try run("set recovery", stream) { try Recovery(stream, db).set(recovery, passes: passes) }
    }

    func noteResent(_ stream: StreamID) throws(StoreError) {
        try run("note recovery", stream) { try Recovery(stream, db).noteResent() }
    }

    func setReport(_ report: RecoveryReport, of stream: StreamID) throws(StoreError) {
        try run("report recovery", stream) { try Recovery(stream, db).set(report) }
    }

    func logDifferent(_ table: TableResult, of stream: StreamID) throws(StoreError) {
        do { try Recovery(stream, db).logDifferent(table) } catch {
            throw StoreError(error, operation: "log what differs", subject: "table \"\(table.name)\"")
        }
    }

    func yield(to differing: [TableResult], newKeys: Bool, of stream: StreamID) throws(StoreError) -> YieldOutcome {
        try run("yield", stream) {
            // Rows that go may take others along, of tables that only the head writes.
            try LocalWriteGuards.applying(db) {
                YieldOutcome(try Yielding(stream, newKeys: newKeys, db).run(differing))
            }
        }
    }

    func withoutLog<Value>(
        of groups: [LineGroup], _ stream: StreamID, _ body: () throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try run("store returned rows", stream) {
            let last = try Int64.fetchOne(db, sql: "SELECT coalesce(max(seq), 0) FROM trunkline_change")!
            let value = try LocalWriteGuards.applying(db) { try body() }
            for group in groups {
                try LocalRows(group.table.name, for: stream, db)?.forget(group.lines.map(\.key), loggedAfter: last)
            }
            return value
        }
    }

    func forgetWish(_ id: UUID, of stream: StreamID) throws(StoreError) {
        try run("forget wish", stream) { try VerificationRecord.forget(id, of: stream, db) }
    }
}
