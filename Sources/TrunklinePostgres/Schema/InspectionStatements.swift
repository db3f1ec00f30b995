/// The statements behind `status`, `rows` and `verify`.
enum InspectionStatements {
    /// Each line of the log is one that a batch covers, and the batches say how many they cover, or belongs to none yet.
    static let sending = Statement(
        "status_sending",
        """
        SELECT o.stream, o.epoch,
            greatest(0, (SELECT count(*) FROM trunkline.change)
                    - (SELECT coalesce(sum(x.changes), 0) FROM trunkline.batch x WHERE x.stream = o.stream))
                + (SELECT count(*) FROM trunkline.held_change)
                + coalesce(sum(b.changes) FILTER (WHERE b.state = 'pending'), 0),
            coalesce(sum(b.changes) FILTER (WHERE b.state = 'sent'), 0),
            count(*) FILTER (WHERE b.state = 'sent'),
            a.acked_rows,
            a.set_aside_total + (SELECT count(*) FROM trunkline.refused_row r WHERE r.stream = o.stream AND r.at_sender),
            a.watermark, o.last_number,
            extract(epoch FROM now() - least(min(b.oldest_at), trunkline.oldest_unsent(o.stream),
                (SELECT min(at) FROM trunkline.held_change))),
            extract(epoch FROM now() - a.last_contact), a.stopped, o.recovery,
            o.recovery_report, a.held,
            (SELECT to_json(array_agg(DISTINCT r.table_name)) FROM trunkline.refused_row r WHERE r.stream = o.stream)::text
        FROM trunkline.outbound o JOIN trunkline.outbound_ack a USING (stream)
        LEFT JOIN trunkline.batch b ON b.stream = o.stream AND b.state <> 'acked'
        GROUP BY o.stream, o.epoch, a.stream, o.last_number, o.recovery, o.recovery_report
        ORDER BY o.stream
        """)

    static let receiving = Statement(
        "status_receiving",
        """
        SELECT i.stream, i.epoch, (SELECT count(*) FROM trunkline.parked_batch p WHERE p.stream = i.stream),
            i.stored_rows, i.set_aside, i.watermark, extract(epoch FROM now() - i.last_contact), i.stopped, i.held,
            CASE WHEN i.set_aside > 0 THEN (SELECT to_json(array_agg(DISTINCT s.table_name))
                FROM trunkline.set_aside s WHERE s.stream = i.stream)::text END
        FROM trunkline.inbound i ORDER BY i.stream
        """)

    static let results = Statement(
        "verification_results", "SELECT result FROM trunkline.verification_result WHERE id = $1 ORDER BY stream")
}
