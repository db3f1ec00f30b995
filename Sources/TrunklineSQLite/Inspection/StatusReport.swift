internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// What `trunkline status` shows. Whatever the number of streams, each table of the bookkeeping is looked at once.
enum StatusReport {
    static func sending(_ db: Database) throws -> [StreamStatus] {
        let standing = try Capture.standingTables(db)
        let backlog = try Backlog(db)
        let tables = try tables("trunkline_set_aside_notice", db)
        return try Row.fetchAll(
            db,
            sql: """
                SELECT o.*, \(Timestamp.age(of: "o.last_contact")) AS contact,
                    (SELECT count(*) FROM trunkline_set_aside_notice AS n
                        WHERE n.stream = o.stream AND n.origin = 'sender') AS own_notices,
                    header_version < 2 AND EXISTS (SELECT 1 FROM trunkline_synced_table
                        WHERE conflict IS NOT NULL) AS awaits_upgrade
                FROM trunkline_outbound AS o ORDER BY o.stream
                """
        ).compactMap { row in
            guard let stream = StreamID(row["stream"]) else { return nil }
            var status = StreamStatus(stream: stream, direction: .sending)
            status.epoch = UUID(uuidString: row["epoch"])
            let place = Backlog.Place(
                stream: stream.description, destination: row["destination"], cursor: row["cursor"],
                acked: row["acked_seq"])
            status.pending = backlog.pending(place)
            status.inFlightChanges = backlog.sent[place.stream]?.changes ?? 0
            status.inFlightBatches = backlog.sent[place.stream]?.batches ?? 0
            status.ackedRows = row["acked_rows"]
            status.setAside = (row["set_aside_total"] as Int) + (row["own_notices"] as Int)
            status.setAsideTables = tables.all[place.stream] ?? []
            status.untakenTables = tables.untaken[place.stream] ?? []
            status.watermark = row["acked_watermark"]
            status.lastFormed = (row["next_number"] as Int64) - 1
            status.oldestUnackedSeconds = try backlog.oldest(place)
            status.lastContactSeconds = row["contact"]
            status.stopped = row["stopped"]
            status.held = row["held"]
            status.standing = standing
            status.awaitsUpgrade = row["awaits_upgrade"]
            status.differences = try JSONText.decode([TableDifference].self, row["differences"])
            status.recovery = (row["recovery"] as String?).flatMap(RecoveryMode.init(rawValue:))
            status.lastRecovery = try (row["recovery_report"] as String?).map {
                try JSONText.decode(RecoveryReport.self, $0)
            }
            return status
        }
    }

    /// Where rows of each stream are set aside, and of which of these tables nothing is stored.
    private static func tables(
        _ list: String, _ db: Database
    ) throws -> (all: [String: [TableName]], untaken: [String: [TableName]]) {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT stream, table_name, max(key = '[]') AS is_whole FROM \(list)
                GROUP BY stream, table_name ORDER BY stream, table_name
                """)
        func names(_ rows: [Row]) -> [String: [TableName]] {
            rows.reduce(into: [:]) { tables, row in
                if let name = TableName(parsing: row["table_name"]) { tables[row["stream"], default: []].append(name) }
            }
        }
        return (names(rows), names(rows.filter { $0["is_whole"] }))
    }

    static func receiving(_ db: Database) throws -> [StreamStatus] {
        let tables = try tables("trunkline_set_aside", db)
        return try Row.fetchAll(
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
            if status.setAside > 0 {
                status.setAsideTables = tables.all[stream.description] ?? []
                status.untakenTables = tables.untaken[stream.description] ?? []
            }
            status.watermark = row["watermark"]
            status.lastFormed = row["watermark"]
            status.lastContactSeconds = row["contact"]
            status.stopped = row["stopped"]
            status.held = row["held"]
            status.recovery = (row["recovery"] as String?).flatMap(RecoveryMode.init(rawValue:))
            status.differences = try JSONText.decode([TableDifference].self, row["differences"])
            status.clockAheadSeconds = (row["clock_ahead"] as Int64?).map { Double($0) / 1_000 }
            return status
        }
    }
}
