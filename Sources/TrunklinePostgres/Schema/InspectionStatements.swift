/// The statements behind `status`, `rows` and `verify`.
enum InspectionStatements {
    /// Each line for one destination is one that a batch covers, and the batches say how many they cover, or belongs to
    /// none yet. Of lines for all branches the waves say how many there are; what is newer than all waves is counted.
    static let sending = Statement(
        "status_sending",
        """
        WITH newest AS (
            SELECT * FROM trunkline.wave ORDER BY number DESC LIMIT 1
        ), own AS (
            SELECT destination, count(*) AS lines FROM trunkline.change
            WHERE EXISTS (SELECT FROM trunkline.outbound WHERE destination <> 'head') AND destination <> 'all'
            GROUP BY destination
        ), fresh AS (
            SELECT count(*) AS lines FROM newest, trunkline.change c
            WHERE c.destination = 'all' AND c.transaction >= pg_snapshot_xmin(newest.snapshot)
                AND NOT pg_visible_in_snapshot(c.transaction, newest.snapshot)
        ), formed AS (
            SELECT stream, sum(changes) FILTER (WHERE load_table IS NULL) AS changes FROM trunkline.batch GROUP BY stream
        ), unacked AS (
            SELECT stream, coalesce(sum(changes) FILTER (WHERE state = 'pending'), 0) AS pending,
                coalesce(sum(changes) FILTER (WHERE state = 'sent'), 0) AS in_flight,
                count(*) FILTER (WHERE state = 'sent') AS batches, min(oldest_at) AS oldest
            FROM trunkline.batch WHERE state <> 'acked' GROUP BY stream
        ), held AS (
            SELECT destination, count(*) AS lines, min(at) AS oldest FROM trunkline.held_change GROUP BY destination
        ), loading AS (
            SELECT stream, sum(greatest(coalesce(rows_left, 1), 1)) AS rows, min(began_at) AS oldest FROM trunkline.load GROUP BY stream
        ), refused AS (
            SELECT stream, count(*) FILTER (WHERE at_sender) AS here, to_json(array_agg(DISTINCT table_name)) AS tables,
                to_json(array_agg(DISTINCT table_name) FILTER (WHERE key = '[]')) AS untaken
            FROM trunkline.refused_row GROUP BY stream
        ), news AS (
            SELECT stream FROM trunkline.news
        )
        SELECT o.stream, o.epoch,
            CASE WHEN o.destination = 'head' THEN greatest(0, (SELECT count(*) FROM trunkline.change) - coalesce(formed.changes, 0))
                ELSE fresh.lines + CASE WHEN o.at_end THEN newest.shared_total - last.shared_total
                        ELSE greatest(1, newest.shared_total - after.shared_total - o.taken) END
                    + CASE WHEN own.lines > 0 THEN (SELECT count(*) FROM trunkline.change c WHERE c.destination = o.destination
                        AND (NOT pg_visible_in_snapshot(c.transaction, last.snapshot)
                            OR (c.transaction, c.seq) > (o.at_transaction, o.at_seq)
                                AND NOT pg_visible_in_snapshot(c.transaction, after.snapshot))) ELSE 0 END
                END
                + coalesce(held.lines, 0) + coalesce(unacked.pending, 0) + coalesce(loading.rows, 0),
            coalesce(unacked.in_flight, 0), coalesce(unacked.batches, 0), a.acked_rows,
            a.set_aside_total + coalesce(refused.here, 0), a.watermark, o.last_number,
            extract(epoch FROM now() - least(unacked.oldest, held.oldest, loading.oldest,
                CASE WHEN news.stream IS NOT NULL OR NOT o.at_end THEN trunkline.oldest_unsent(o.stream) END)),
            extract(epoch FROM now() - a.last_contact), a.stopped, o.recovery, o.recovery_report, a.held,
            refused.tables::text, b.suspended, a.differences,
            a.header_version < 2 AND EXISTS (SELECT FROM trunkline.synced_table s WHERE s.captured AND s.conflict IS NOT NULL),
            refused.untaken::text
        FROM trunkline.outbound o JOIN trunkline.outbound_ack a USING (stream)
        JOIN trunkline.wave after ON after.number = o.after_wave JOIN trunkline.wave last ON last.number = o.last_wave
        CROSS JOIN newest CROSS JOIN fresh
        LEFT JOIN own USING (destination) LEFT JOIN held USING (destination) LEFT JOIN formed USING (stream)
        LEFT JOIN unacked USING (stream) LEFT JOIN loading USING (stream) LEFT JOIN refused USING (stream)
        LEFT JOIN news USING (stream) LEFT JOIN trunkline.branch b ON b.id = o.destination
        ORDER BY o.stream
        """)

    static let receiving = Statement(
        "status_receiving",
        """
        SELECT i.stream, i.epoch, (SELECT count(*) FROM trunkline.parked_batch p WHERE p.stream = i.stream),
            i.stored_rows, i.set_aside, i.watermark, extract(epoch FROM now() - i.last_contact), i.stopped, i.held,
            CASE WHEN i.set_aside > 0 THEN (SELECT to_json(array_agg(DISTINCT s.table_name))
                FROM trunkline.set_aside s WHERE s.stream = i.stream)::text END, i.recovery, i.clock_ahead,
            i.differences,
            CASE WHEN i.set_aside > 0 THEN (SELECT to_json(array_agg(DISTINCT s.table_name))
                FROM trunkline.set_aside s WHERE s.stream = i.stream AND s.key = '[]')::text END
        FROM trunkline.inbound i ORDER BY i.stream
        """)

    static let results = Statement(
        "verification_results", "SELECT result FROM trunkline.verification_result WHERE id = $1 ORDER BY stream")
}
