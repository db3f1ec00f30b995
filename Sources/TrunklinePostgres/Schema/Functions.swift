/// The stored functions and views of the sending side; made anew at every `init`.
enum Functions {
    /// What is left of the wave that `o` describes, each a range of the index: of the late transaction in whose middle
    /// the last batch ended, of the late ones behind it, and of those that began since the wave before.
    private static let begun = "transaction = o.at_transaction AND o.at_transaction = ANY (o.late) AND seq > o.at_seq"
    private static let late = "transaction = ANY (o.late) AND transaction > o.at_transaction"
    private static let fresh = "transaction >= o.floor AND (transaction, seq) > (o.at_transaction, o.at_seq)"
    private static let visible = "pg_visible_in_snapshot(transaction, o.upper)"

    /// What the batch `b` covers.
    private static let covered = ChangeRange(
        late: "b.late", floor: "b.floor", upper: "b.upper", from: ("b.from_transaction", "b.from_seq"),
        to: ("b.to_transaction", "b.to_seq"))

    /// The last of the next `p_changes` changes of a range, in the order of the index: a full batch is found by
    /// stepping over the index, the rest of a range by counting it.
    private static func cut(_ range: String) -> String {
        """
        SELECT transaction, seq, p_changes::bigint AS n INTO cut FROM trunkline.change WHERE \(range) AND \(visible)
            ORDER BY transaction, seq OFFSET p_changes - 1 LIMIT 1;
        IF NOT FOUND THEN
            SELECT transaction, seq, (SELECT count(*) FROM trunkline.change WHERE \(range) AND \(visible)) AS n INTO cut
                FROM trunkline.change WHERE \(range) AND \(visible)
                ORDER BY transaction DESC, seq DESC LIMIT 1;
        END IF;
        IF FOUND THEN
            SELECT at INTO oldest FROM trunkline.change WHERE \(range) AND \(visible)
                ORDER BY transaction, seq LIMIT 1;
        END IF
        """
    }

    static let all = [sendsChanges, formBatch, compactWave, claimBatch, shrinkBatch, pruneBatch, unbatched]

    /// Whether changes travel, or a recovery waits for a decision.
    private static let sendsChanges = """
        CREATE OR REPLACE FUNCTION trunkline.sends_changes(p_stream text) RETURNS boolean
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
            SELECT coalesce(recovery NOT IN ('compare', 'keep-head'), true) FROM trunkline.outbound
            WHERE stream = p_stream
        $function$
        """

    /// Cuts the next batch, from the wave that is open or from a new one.
    private static let formBatch = """
        CREATE OR REPLACE FUNCTION trunkline.form_batch(p_stream text, p_changes integer) RETURNS bigint
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            o trunkline.outbound;
            cut record;
            oldest timestamptz;
            opened boolean := false;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            LOOP
                cut := NULL;
                IF cardinality(o.late) > 0 THEN
                    \(cut(begun));
                    IF cut IS NULL THEN
                        \(cut(late));
                    END IF;
                END IF;
                IF cut IS NULL THEN
                    \(cut(fresh));
                END IF;
                IF cut IS NULL THEN
                    IF opened THEN RETURN NULL; END IF;
                    o.late := ARRAY(SELECT pg_snapshot_xip(o.upper));
                    o.floor := pg_snapshot_xmax(o.upper);
                    o.upper := pg_current_snapshot();
                    o.at_transaction := '0';
                    o.at_seq := 0;
                    opened := true;
                    PERFORM FROM trunkline.change WHERE \(fresh) AND \(visible)
                        ORDER BY transaction, seq OFFSET p_changes LIMIT 1;
                    IF FOUND THEN PERFORM trunkline.compact_wave(o); END IF;
                ELSE
                    EXIT;
                END IF;
            END LOOP;
            INSERT INTO trunkline.batch (stream, number, previous_id, late, floor, upper, from_transaction, from_seq,
                    to_transaction, to_seq, changes, oldest_at)
                VALUES (p_stream, o.last_number + 1, o.last_id, o.late, o.floor, o.upper, o.at_transaction, o.at_seq,
                    cut.transaction, cut.seq, cut.n, oldest)
                RETURNING id INTO o.last_id;
            UPDATE trunkline.outbound SET last_number = o.last_number + 1, last_id = o.last_id, late = o.late,
                floor = o.floor, upper = o.upper, at_transaction = cut.transaction, at_seq = cut.seq
                WHERE stream = p_stream;
            RETURN o.last_number + 1;
        END
        $function$
        """

    /// The whole of a wave that was just opened.
    private static let wave = ["\(late) AND \(visible)", "\(fresh) AND \(visible)"]

    /// Keeps the first change of each key of a wave that is larger than a batch: every image of the
    /// wave is read after its snapshot, so one of them says it all. The first, because a parent's
    /// first change comes before its children's.
    private static let compactWave = """
        CREATE OR REPLACE FUNCTION trunkline.compact_wave(o trunkline.outbound) RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_bitmapscan = off
        AS $function$
        BEGIN
            IF EXISTS (\(ChangeRange.select("1", wave.map { "op <> 'i' AND \($0)" }))) THEN
                DELETE FROM trunkline.change c USING (
                    SELECT transaction, seq,
                        row_number() OVER (PARTITION BY table_id, key ORDER BY transaction, seq) AS occurrence
                    FROM (
                        \(ChangeRange.select("transaction, seq, table_id, key", wave))
                    ) w
                ) d WHERE d.occurrence > 1 AND c.transaction = d.transaction AND c.seq = d.seq;
            END IF;
        END
        $function$
        """

    /// The next batch to send, marked sent. Membership of batches is decided by transaction ids, which mean nothing in
    /// another cluster: a dump that was restored where they are lower stops the stream.
    private static let claimBatch = """
        CREATE OR REPLACE FUNCTION trunkline.claim_batch(p_stream text, p_window integer, p_changes integer)
        RETURNS SETOF trunkline.batch
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        DECLARE
            next bigint;
        BEGIN
            PERFORM FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            IF (SELECT stopped FROM trunkline.outbound_ack WHERE stream = p_stream) IS NOT NULL
                OR (SELECT count(*) FROM trunkline.batch WHERE stream = p_stream AND state = 'sent') >= p_window
            THEN
                RETURN;
            END IF;
            IF (SELECT pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax(upper) FROM trunkline.outbound
                WHERE stream = p_stream)
            THEN
                UPDATE trunkline.outbound_ack SET halt_untold = true,
                    stopped = 'the server''s transaction ids are lower than this database''s: it was restored from a dump'
                    WHERE stream = p_stream;
                RETURN;
            END IF;
            SELECT min(number) INTO next FROM trunkline.batch WHERE stream = p_stream AND state = 'pending';
            IF next IS NULL AND trunkline.sends_changes(p_stream) THEN
                next := trunkline.form_batch(p_stream, p_changes);
            END IF;
            RETURN QUERY UPDATE trunkline.batch SET state = 'sent', sent_at = clock_timestamp(), attempts = attempts + 1
                WHERE stream = p_stream AND number = next AND state = 'pending' RETURNING *;
        END
        $function$
        """

    /// Makes the newest batch cover only its first changes.
    private static let shrinkBatch = """
        CREATE OR REPLACE FUNCTION trunkline.shrink_batch(p_stream text, p_number bigint, p_attempt integer, p_changes integer)
        RETURNS SETOF trunkline.batch
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            o trunkline.outbound;
            b trunkline.batch;
            cut record;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            SELECT * INTO b FROM trunkline.batch WHERE stream = p_stream AND number = p_number AND state = 'sent'
                AND attempts = p_attempt AND verification IS NULL;
            IF b.number IS NULL OR b.number <> o.last_number OR p_attempt > 1 THEN RETURN; END IF;
            SELECT w.transaction, w.seq INTO cut FROM (
                \(ChangeRange.select("transaction, seq", covered.parts))
            ) w ORDER BY transaction, seq OFFSET p_changes - 1 LIMIT 1;
            IF cut.seq IS NULL OR (cut.transaction, cut.seq) >= (b.to_transaction, b.to_seq) THEN RETURN; END IF;
            UPDATE trunkline.outbound SET at_transaction = cut.transaction, at_seq = cut.seq WHERE stream = p_stream;
            RETURN QUERY UPDATE trunkline.batch
                SET to_transaction = cut.transaction, to_seq = cut.seq, changes = p_changes
                WHERE stream = p_stream AND number = p_number RETURNING *;
        END
        $function$
        """

    /// Deletes the oldest acked batch and its change-log rows; false when there is none, or when it can wait.
    private static let pruneBatch = """
        CREATE OR REPLACE FUNCTION trunkline.prune_batch(p_stream text) RETURNS boolean
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            b trunkline.batch;
        BEGIN
            DELETE FROM trunkline.batch WHERE stream = p_stream AND number = (
                SELECT number FROM trunkline.batch WHERE stream = p_stream AND state = 'acked'
                    AND (acked_at < now() - interval '1 minute'
                        OR NOT EXISTS (SELECT FROM trunkline.batch WHERE stream = p_stream AND state <> 'acked'))
                ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING * INTO b;
            IF b.number IS NULL THEN RETURN false; END IF;
            \(covered.parts.map { "DELETE FROM trunkline.change WHERE \($0);" }.joined(separator: "\n"))
            RETURN true;
        END
        $function$
        """

    /// The changes that belong to no batch yet.
    private static let unbatched = """
        CREATE OR REPLACE VIEW trunkline.unbatched AS
        SELECT o.stream, c.* FROM trunkline.change c CROSS JOIN trunkline.outbound o
        WHERE NOT pg_visible_in_snapshot(c.transaction, o.upper)
            OR (c.transaction >= o.floor OR c.transaction = ANY (o.late))
                AND (c.transaction, c.seq) > (o.at_transaction, o.at_seq)
        """
}
