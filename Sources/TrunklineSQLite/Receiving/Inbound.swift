internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The row of `trunkline_inbound`, and the ack that it owes.
enum Inbound {
    static func find(_ stream: StreamID, _ db: Database) throws -> InboundStream? {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT *, held_until <= julianday('now') AS is_due,
                    told_at > \(Timestamp.inSeconds("-\(SetAsideListTelling.freshlyTold)")) AS is_told,
                    list_begun_at > \(Timestamp.inSeconds("-\(SetAsideListTelling.freshlyBegun)")) AS is_begun,
                    EXISTS (SELECT 1 FROM trunkline_kept_row AS k WHERE k.stream = i.stream) AS has_kept
                FROM trunkline_inbound AS i WHERE stream = ?
                """, arguments: [stream.description])
        guard let row, let epoch = UUID(uuidString: row["epoch"]) else { return nil }
        let watermark = ReceiverDecision.Watermark(
            epoch: epoch, number: row["watermark"], id: (row["batch_id"] as String?).flatMap(UUID.init(uuidString:)),
            stopped: row["stopped"], pastEpochs: Set(try JSONText.decode([UUID].self, row["past_epochs"])))
        let held = (row["held"] as String?).map {
            InboundStream.Hold(reason: $0, failures: row["held_failures"], isDue: row["is_due"] ?? false)
        }
        return InboundStream(
            watermark: watermark, hasSetAside: (row["set_aside"] as Int) > 0, hasKeptRows: row["has_kept"],
            takesDifferences: row["takes_differences"],
            telling: SetAsideListTelling(
                version: row["set_aside_version"], told: row["told_version"], kept: row["changes_kept"],
                isFreshlyTold: row["is_told"] ?? false, isFreshlyBegun: row["is_begun"] ?? false),
            shapes: ShapeKeeping(rawValue: row["shapes"]) ?? .refused,
            differences: try JSONText.decode([TableDifference].self, row["differences"]),
            recovery: (row["recovery"] as String?).flatMap(RecoveryMode.init(rawValue:)),
            clockAhead: row["clock_ahead"], held: held)
    }

    /// Goes over to another epoch; what was parked of others is of no use any more.
    static func adopt(_ epoch: UUID, of stream: StreamID, past: Set<UUID>, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_inbound SET past_epochs = ?, epoch = ?, watermark = 0, batch_id = NULL,
                    shapes = 'wanted', joined = '[]', stopped = NULL,
                    stopped_epoch = NULL, stopped_number = NULL, behind_epoch = NULL, behind_number = NULL
                WHERE stream = ?
                """, arguments: [try list(past), epoch.uuidString, stream.description])
        try releaseHold(stream, db)
        try db.execute(
            sql: "DELETE FROM trunkline_inbound_shape WHERE stream = ?", arguments: [stream.description])
        try db.execute(
            sql: "DELETE FROM trunkline_parked_batch WHERE stream = ? AND epoch <> ?",
            arguments: [stream.description, epoch.uuidString])
    }

    static func releaseHold(_ stream: StreamID, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_inbound SET held = NULL, held_failures = 0, held_since = NULL, held_until = NULL
                WHERE stream = ?
                """, arguments: [stream.description])
    }

    static func note(_ recovery: RecoveryMode?, _ stream: StreamID, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_inbound SET recovery = ? WHERE stream = ?",
            arguments: [recovery?.rawValue, stream.description])
    }

    static func setBehind(_ stream: StreamID, _ epoch: UUID, _ acked: Int64, _ db: Database) throws {
        try db.execute(
            sql: "UPDATE trunkline_inbound SET behind_epoch = ?, behind_number = ? WHERE stream = ?",
            arguments: [epoch.uuidString, acked, stream.description])
    }

    static func take(_ halt: Halt, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_inbound SET stopped = coalesce(stopped, ?),
                    stopped_epoch = coalesce(stopped_epoch, epoch), stopped_number = coalesce(stopped_number, watermark),
                    last_contact = \(Timestamp.now)
                WHERE stream = ? AND epoch = ?
                """, arguments: [halt.reason, halt.stream.description, halt.epoch.uuidString])
    }

    /// Begins a stream that was never seen, or was forgotten; what was parked of epochs that are over is of no use.
    static func begin(_ stream: StreamID, _ epoch: UUID, past: Set<UUID>, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO trunkline_inbound (stream, epoch, past_epochs, watermark) VALUES (?, ?, ?, 0)
                ON CONFLICT DO NOTHING
                """, arguments: [stream.description, epoch.uuidString, try list(past)])
        try db.execute(
            sql: "DELETE FROM trunkline_parked_batch WHERE stream = ? AND epoch IN (SELECT value FROM json_each(?))",
            arguments: [stream.description, try list(past)])
    }

    private static func list(_ epochs: Set<UUID>) throws -> String {
        try JSONText.encode(epochs.sorted { "\($0)" < "\($1)" })
    }

    static func advance(_ header: BatchHeader, stored: Int, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_inbound SET watermark = ?1, batch_id = ?2, stored_rows = stored_rows + ?3,
                    seen_version = ?4, last_contact = \(Timestamp.now)
                WHERE stream = ?5
                """,
            arguments: [
                header.number, header.id.uuidString, stored, header.setAsideVersion ?? -1, header.stream.description,
            ])
    }

    static func stop(_ stream: StreamID, reason: String, _ epoch: UUID, _ number: Int64, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE trunkline_inbound SET stopped = coalesce(stopped, ?), stopped_epoch = ?, stopped_number = ?,
                    last_contact = \(Timestamp.now) WHERE stream = ?
                """,
            arguments: [reason, epoch.uuidString, number, stream.description])
    }

    /// Changes of the list of set-aside rows through that version need not be kept.
    static func forgetChanges(of stream: StreamID, through version: Int64, _ db: Database) throws {
        try db.execute(
            sql: "DELETE FROM trunkline_set_aside_change WHERE stream = ? AND version <= ?",
            arguments: [stream.description, version])
        try db.execute(
            sql: """
                UPDATE trunkline_inbound SET changes_kept = max(changes_kept, ?1), told_version = max(told_version, ?1)
                WHERE stream = ?2
                """, arguments: [version, stream.description])
    }

    /// Gives every row of the list a new version, above that one.
    static func beginListAnew(_ stream: StreamID, after version: Int64, _ db: Database) throws {
        let name = stream.description
        let base = try max(
            version,
            Int64.fetchOne(
                db, sql: "SELECT set_aside_version FROM trunkline_inbound WHERE stream = ?", arguments: [name]) ?? 0)
        // That a table was set aside as a whole, and is not any more, is told at the end: its sender loads it, whether or not
        // it was told of the beginning.
        let gone = try Row.fetchAll(
            db,
            sql: """
                SELECT table_name, key FROM trunkline_set_aside_change AS c
                WHERE stream = ?1 AND key IN \(RowKey.wholeTablesInSQL) AND NOT EXISTS (
                    SELECT 1 FROM trunkline_set_aside AS s
                    WHERE s.stream = ?1 AND s.table_name = c.table_name AND s.key = c.key)
                """, arguments: [name])
        try db.execute(sql: "DELETE FROM trunkline_set_aside_change WHERE stream = ?", arguments: [name])
        try db.execute(
            sql: """
                INSERT INTO trunkline_set_aside_change (stream, table_name, key, version)
                SELECT stream, table_name, key, ? + row_number() OVER (ORDER BY rowid) FROM trunkline_set_aside
                WHERE stream = ?
                """, arguments: [base, name])
        var changes = db.changesCount
        for entry in gone {
            changes += 1
            try db.execute(
                sql: "INSERT INTO trunkline_set_aside_change (stream, table_name, key, version) VALUES (?, ?, ?, ?)",
                arguments: [name, entry["table_name"] as String, entry["key"] as String, base + Int64(changes)])
        }
        try db.execute(
            sql: """
                UPDATE trunkline_inbound SET set_aside_version = ?1 + 1 + ?2, told_version = ?1, told_at = NULL,
                    list_from = ?1, changes_kept = ?1, list_begun_at = julianday('now')
                WHERE stream = ?3
                """, arguments: [base, changes, name])
    }

    /// What the next ack says of the list of set-aside rows.
    private static func list(_ row: Row, _ stream: StreamID, _ db: Database) throws -> SetAsideListPart {
        let version: Int64 = row["set_aside_version"]
        let rows = SetAsideRows(stream, db)
        if row["takes_differences"] {
            let told: Int64 = row["told_version"]
            guard version > told else { return SetAsideListPart(version: version) }
            return SetAsideListPart(
                try rows.changes(after: told), version: version, after: told, isWhole: told == row["list_from"])
        }
        let isDue = row["full_list"] || version > row["seen_version"]
        return SetAsideListPart(version: version, notices: isDue ? try rows.notices() : nil)
    }

    /// Leaves an ack to be published; `whole`: with the whole list of set-aside rows, if it goes in no differences.
    static func leaveAck(_ stream: StreamID, whole: Bool, verification: VerificationResult?, _ db: Database) throws {
        try db.execute(
            sql:
                "UPDATE trunkline_inbound SET ack_serial = ack_serial + 1, last_contact = \(Timestamp.now) WHERE stream = ?",
            arguments: [stream.description])
        try db.execute(
            sql: """
                INSERT INTO trunkline_pending_ack (stream, full_list, verification, since)
                VALUES (?, ?, ?, \(Timestamp.now))
                ON CONFLICT (stream) DO UPDATE SET full_list = max(full_list, excluded.full_list),
                    verification = coalesce(excluded.verification, verification)
                """,
            arguments: [stream.description, whole, try verification.map { try JSONText.encode($0) }])
    }

    /// Forgets an ack that was published, unless there is news since, or more to tell of the list.
    static func published(_ ack: PendingAck, _ db: Database) throws {
        let stream = ack.ack.stream.description
        try db.execute(
            sql: """
                UPDATE trunkline_inbound SET told_version = ?1, told_at = julianday('now')
                WHERE stream = ?2 AND told_version < ?1
                """, arguments: [ack.ack.setAsideVersion, stream])
        try db.execute(
            sql: """
                DELETE FROM trunkline_pending_ack WHERE stream = ?1 AND EXISTS (
                    SELECT 1 FROM trunkline_inbound WHERE stream = ?1 AND ack_serial = ?2
                        AND NOT (takes_differences AND set_aside_version > told_version))
                """, arguments: [stream, ack.serial])
        try db.execute(
            sql: """
                UPDATE trunkline_pending_ack SET full_list = 0, verification = NULL WHERE stream = ?1 AND EXISTS (
                    SELECT 1 FROM trunkline_inbound WHERE stream = ?1 AND ack_serial = ?2)
                """, arguments: [stream, ack.serial])
    }

    static func pendingAcks(limit: Int, _ db: Database) throws -> [PendingAck] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT p.*, i.*
                FROM trunkline_pending_ack AS p JOIN trunkline_inbound AS i USING (stream)
                ORDER BY p.since, p.stream LIMIT ?
                """, arguments: [limit]
        ).compactMap { row in
            guard let stream = StreamID(row["stream"]), let epoch = UUID(uuidString: row["epoch"]) else { return nil }
            let list = try list(row, stream, db)
            let differences = try JSONText.decode([TableDifference].self, row["differences"])
            let refused = (row["stopped_epoch"] as String?).flatMap(UUID.init(uuidString:))
            return PendingAck(
                serial: row["ack_serial"],
                ack: Ack(
                    stream: stream, epoch: epoch, watermark: row["watermark"],
                    batchID: (row["batch_id"] as String?).flatMap(UUID.init(uuidString:)),
                    behind: (row["behind_epoch"] as String?).flatMap(UUID.init(uuidString:)).map {
                        Ack.Behind(epoch: $0, number: row["behind_number"] ?? 0)
                    },
                    setAsideVersion: list.version, setAsideFrom: list.from, setAside: list.notices, gone: list.gone,
                    setAsideTotal: row["set_aside"],
                    stopped: refused.map {
                        StopNotice(epoch: $0, number: row["stopped_number"] ?? 0, reason: row["stopped"] ?? "")
                    },
                    held: row["held"], keepsShapes: row["shapes"] == ShapeKeeping.kept.rawValue ? true : nil,
                    differences: differences.isEmpty ? nil : differences,
                    verification: try (row["verification"] as String?).map {
                        try JSONText.decode(VerificationResult.self, $0)
                    }))
        }
    }
}
