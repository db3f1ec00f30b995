internal import GRDB
internal import TrunklineCore

/// The streams that somebody is to look at, each kind found by an index that holds nothing of the idle ones.
enum BusyStreams {
    /// What says that a stream may have something to send: halts apart, since a stopped stream has nothing else.
    private static let sendable = """
        SELECT stream FROM trunkline_batch INDEXED BY trunkline_batch_waiting
            WHERE state IN ('pending', 'preparing') AND state = 'pending'
        UNION SELECT stream FROM trunkline_batch INDEXED BY trunkline_batch_waiting
            WHERE state IN ('pending', 'preparing') AND state = 'preparing' AND \(Timestamp.age(of: "formed_at")) > 600
        UNION SELECT stream FROM trunkline_verification_request WHERE number IS NULL
        UNION SELECT l.stream FROM trunkline_load AS l
            JOIN trunkline_synced_table AS t ON t.id = l.table_id WHERE \(SyncedTable.isReadable("t"))
        UNION SELECT stream FROM trunkline_outbound
            WHERE destination = 'head' AND cursor < (SELECT max(seq) FROM trunkline_change)
        UNION SELECT stream FROM trunkline_outbound INDEXED BY trunkline_outbound_cursor
            WHERE cursor < (SELECT max(seq) FROM trunkline_change WHERE destination <> 'head' AND destination = 'all')
        UNION SELECT o.stream FROM named JOIN trunkline_outbound AS o ON o.stream = 'head>' || named.destination
            WHERE o.cursor < (SELECT max(seq) FROM trunkline_change
                WHERE destination <> 'head' AND destination = named.destination)
        UNION \(Joins.untold)
        """

    /// The branches that are named in the log: from one to the next by the index, whatever the number of lines.
    private static let named = """
        named (destination) AS (
            SELECT min(destination) FROM trunkline_change WHERE destination <> 'head'
            UNION ALL
            SELECT (SELECT min(destination) FROM trunkline_change
                WHERE destination <> 'head' AND destination > named.destination)
            FROM named WHERE named.destination IS NOT NULL)
        """

    /// Those that were not heard of for so long, and all of whose batches are acked, as ``IdleBatch`` says.
    private static let silent = """
        UNION SELECT stream FROM trunkline_outbound WHERE recovery IS NULL
            AND next_number > 1 AND acked_watermark = next_number - 1
            AND \(Timestamp.age(of: "last_contact")) NOT BETWEEN 0 AND :silence
        """

    static func withWork(window: Int, silence: Duration?, _ db: Database) throws -> [StreamID] {
        try String.fetchAll(
            db,
            sql: """
                WITH RECURSIVE \(named), busy (stream) AS (\(sendable) \(silence == nil ? "" : silent))
                SELECT o.stream FROM trunkline_outbound AS o
                LEFT JOIN trunkline_branch AS b ON b.id = o.destination
                WHERE (o.stream IN (SELECT stream FROM trunkline_outbound WHERE halt_untold)
                    OR o.stream IN (SELECT stream FROM busy) AND o.stopped IS NULL
                    AND (SELECT count(*) FROM trunkline_batch AS s WHERE s.stream = o.stream AND s.state = 'sent') < :window)
                    AND NOT coalesce(b.suspended, 0)
                ORDER BY o.stream
                """,
            arguments: silence.map { ["window": window, "silence": $0 / .seconds(1)] } ?? ["window": window]
        ).compactMap { StreamID($0) }
    }

    static func toReap(olderThan age: Duration, _ db: Database) throws -> [ReapableStream] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT stream, max(can_prune) AS can_prune, max(awaits) AS awaits FROM (
                    SELECT stream, 1 AS can_prune, 0 AS awaits FROM trunkline_batch AS a INDEXED BY trunkline_batch_acked
                    WHERE state = 'acked' AND (\(Timestamp.age(of: "acked_at")) > 60 OR NOT EXISTS (
                        SELECT 1 FROM trunkline_batch AS w WHERE w.stream = a.stream AND w.state IN ('pending', 'sent')))
                    UNION ALL
                    SELECT stream, 0, 1 FROM trunkline_batch INDEXED BY trunkline_batch_sent
                    WHERE state = 'sent' AND \(Timestamp.age(of: "sent_at")) NOT BETWEEN 0 AND ?
                ) JOIN trunkline_outbound USING (stream) GROUP BY stream ORDER BY stream
                """, arguments: [(age / .seconds(1)).nextDown]
        ).compactMap { row in
            StreamID(row["stream"]).map {
                ReapableStream(stream: $0, canPrune: row["can_prune"], awaitsAck: row["awaits"])
            }
        }
    }
}
