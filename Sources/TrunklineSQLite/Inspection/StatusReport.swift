internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// What `trunkline status` shows.
enum StatusReport {
    static func sending(_ db: Database) throws -> [StreamStatus] {
        let standing = try Capture.standingTables(db)
        let loading = try TableLoad.unfinished(db).count
        return try Row.fetchAll(
            db,
            sql: """
                SELECT o.*,
                    \(unbatched) AS unbatched,
                    (SELECT coalesce(sum(changes), 0) FROM trunkline_batch AS b
                        WHERE b.stream = o.stream AND b.state IN ('pending', 'preparing')) AS pending,
                    (SELECT coalesce(sum(changes), 0) FROM trunkline_batch AS b
                        WHERE b.stream = o.stream AND b.state = 'sent') AS in_flight,
                    (SELECT count(*) FROM trunkline_batch AS b WHERE b.stream = o.stream AND b.state = 'sent') AS batches,
                    (SELECT count(*) FROM trunkline_set_aside_notice AS n
                        WHERE n.stream = o.stream AND n.origin = 'sender') AS own_notices,
                    (SELECT count(*) FROM trunkline_held_change) AS held_changes,
                    (SELECT \(Timestamp.age(of: "min(at)")) FROM (
                        SELECT at FROM (
                            SELECT at FROM trunkline_change WHERE seq > o.acked_seq ORDER BY seq LIMIT 1)
                        UNION ALL SELECT min(at) FROM trunkline_held_change)) AS oldest,
                    \(Timestamp.age(of: "o.last_contact")) AS contact
                FROM trunkline_outbound AS o ORDER BY o.stream
                """
        ).compactMap { row in
            guard let stream = StreamID(row["stream"]) else { return nil }
            var status = StreamStatus(stream: stream, direction: .sending)
            status.epoch = UUID(uuidString: row["epoch"])
            let counts: [Int] = [row["unbatched"], row["pending"], row["held_changes"]]
            status.pending = counts.reduce(loading, +)
            status.inFlightChanges = row["in_flight"]
            status.inFlightBatches = row["batches"]
            status.ackedRows = row["acked_rows"]
            status.setAside = (row["set_aside_total"] as Int) + (row["own_notices"] as Int)
            status.setAsideTables = try tables("trunkline_set_aside_notice", stream, db)
            status.watermark = row["acked_watermark"]
            status.lastFormed = (row["next_number"] as Int64) - 1
            status.oldestUnackedSeconds = row["oldest"]
            status.lastContactSeconds = row["contact"]
            status.stopped = row["stopped"]
            status.held = row["held"]
            status.standing = standing
            status.recovery = (row["recovery"] as String?).flatMap(RecoveryMode.init(rawValue:))
            status.lastRecovery = try (row["recovery_report"] as String?).map {
                try JSONText.decode(RecoveryReport.self, $0)
            }
            return status
        }
    }

    /// Where rows of a stream are set aside.
    private static func tables(_ list: String, _ stream: StreamID, _ db: Database) throws -> [TableName] {
        try String.fetchAll(
            db, sql: "SELECT DISTINCT table_name FROM \(list) WHERE stream = ? ORDER BY table_name",
            arguments: [stream.description]
        ).compactMap { TableName(parsing: $0) }
    }

    /// SQLite counts a whole table fast, and a part of one slowly: so the smaller part is counted.
    private static let unbatched = """
        CASE WHEN o.cursor - (SELECT min(seq) FROM trunkline_change) < (SELECT max(seq) FROM trunkline_change) - o.cursor
            THEN (SELECT count(*) FROM trunkline_change) - (SELECT count(*) FROM trunkline_change WHERE seq <= o.cursor)
            ELSE (SELECT count(*) FROM trunkline_change WHERE seq > o.cursor) END
        """

    static func receiving(_ db: Database) throws -> [StreamStatus] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT i.*, \(Timestamp.age(of: "i.last_contact")) AS contact,
                    (SELECT count(*) FROM trunkline_parked_batch AS p WHERE p.stream = i.stream) AS parked
                FROM trunkline_inbound AS i ORDER BY i.stream
                """
        ).compactMap { row in
            guard let stream = StreamID(row["stream"]) else { return nil }
            var status = StreamStatus(stream: stream, direction: .receiving)
            status.epoch = UUID(uuidString: row["epoch"])
            status.pending = row["parked"]
            status.ackedRows = row["stored_rows"]
            status.setAside = row["set_aside"]
            if status.setAside > 0 { status.setAsideTables = try tables("trunkline_set_aside", stream, db) }
            status.watermark = row["watermark"]
            status.lastFormed = row["watermark"]
            status.lastContactSeconds = row["contact"]
            status.stopped = row["stopped"]
            status.held = row["held"]
            return status
        }
    }
}
