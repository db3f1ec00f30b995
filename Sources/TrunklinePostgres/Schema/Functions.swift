/// The stored functions and views of the sending side; made anew at every `init`.
enum Functions {
    static let all =
        WaveFunctions.all + [
            MoveCheck.function,
            sendsChanges, claimBatch, reopenVerifications, splitBatch, holdChanges, pruneBatch, unbatched, news,
            untranslatable, isValue,
        ]

    /// What the batch `b` covers, between its waves.
    private static let covered = ChangeRange(
        lower: "waves.lower", upper: "waves.upper", from: ("b.from_transaction", "b.from_seq"),
        to: ("b.to_transaction", "b.to_seq"))

    /// Whether changes travel, or a recovery waits for a decision.
    private static let sendsChanges = """
        CREATE OR REPLACE FUNCTION trunkline.sends_changes(p_stream text) RETURNS boolean
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
            SELECT coalesce(recovery NOT IN ('compare', 'keep-head'), true) FROM trunkline.outbound
            WHERE stream = p_stream
        $function$
        """

    /// The next batch to send, marked sent. It looks before it locks, so that an idle office uses up no transaction ids.
    /// Membership of batches is decided by transaction ids, which mean nothing in another cluster: a dump that was
    /// restored where they are lower stops the stream.
    private static let claimBatch = """
        CREATE OR REPLACE FUNCTION trunkline.claim_batch(p_stream text, p_window integer, p_changes integer)
        RETURNS SETOF trunkline.batch
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        DECLARE
            p trunkline.position;
            next bigint;
            looked boolean := false;
        BEGIN
            LOOP
                SELECT * INTO p FROM trunkline.position WHERE stream = p_stream;
                IF (SELECT stopped FROM trunkline.outbound_ack WHERE stream = p_stream) IS NOT NULL
                    OR (SELECT count(*) FROM trunkline.batch WHERE stream = p_stream AND state = 'sent') >= p_window
                THEN
                    RETURN;
                END IF;
                IF pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax(p.upper) THEN
                    UPDATE trunkline.outbound_ack SET halt_untold = true,
                        stopped = 'the server''s transaction ids are lower than this database''s: it was restored from a dump'
                        WHERE stream = p_stream AND stopped IS NULL;
                    RETURN;
                END IF;
                SELECT min(number) INTO next FROM trunkline.batch WHERE stream = p_stream AND state = 'pending';
                EXIT WHEN looked;
                IF next IS NULL AND (NOT trunkline.sends_changes(p_stream)
                    OR ((trunkline.next_cut(p.lower, p.upper, p.at_transaction, p.at_seq, 1)).n = 0
                        AND (trunkline.next_cut(p.upper, pg_current_snapshot(), '0', 0, 1)).n = 0))
                THEN
                    RETURN;
                END IF;
                PERFORM FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
                looked := true;
            END LOOP;
            IF next IS NULL AND trunkline.sends_changes(p_stream) THEN
                next := trunkline.form_batch(p_stream, p_changes);
            END IF;
            RETURN QUERY UPDATE trunkline.batch SET state = 'sent', sent_at = clock_timestamp(), attempts = attempts + 1
                WHERE stream = p_stream AND number = next AND state = 'pending' RETURNING *;
        END
        $function$
        """

    /// Claims of verifications that were formed after a batch say what the receiver has when it has all of that batch.
    /// When it is to get less, they are not comparable: what was wished for stands again.
    private static let reopenVerifications = """
        CREATE OR REPLACE FUNCTION trunkline.reopen_verifications(p_stream text, p_number bigint) RETURNS void
        LANGUAGE sql SET search_path = pg_catalog, pg_temp
        AS $function$
            WITH withdrawn AS (
                UPDATE trunkline.batch SET verification = NULL
                WHERE stream = p_stream AND number > p_number AND state <> 'acked' AND verification IS NOT NULL
                RETURNING number)
            UPDATE trunkline.verification_request r SET formed_number = NULL FROM withdrawn w
            WHERE r.stream = p_stream AND r.formed_number = w.number
        $function$
        """

    /// Makes a claimed batch cover only its first changes. Of the newest batch the others are simply free again; of an
    /// earlier one they are logged anew, behind everything. An insert becomes a load then, since the log may hold the
    /// same key as an insert once more.
    private static let splitBatch = """
        CREATE OR REPLACE FUNCTION trunkline.split_batch(p_stream text, p_number bigint, p_attempt integer, p_changes integer)
        RETURNS SETOF trunkline.batch
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            o trunkline.outbound;
            b trunkline.batch;
            waves record;
            cut record;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            SELECT * INTO b FROM trunkline.batch WHERE stream = p_stream AND number = p_number AND state = 'sent'
                AND attempts = p_attempt;
            IF NOT FOUND THEN RETURN; END IF;
            \(WaveFunctions.findWaves(of: "b"))
            SELECT w.transaction, w.seq INTO cut FROM (
                \(covered.select("transaction, seq"))
            ) w ORDER BY transaction, seq OFFSET greatest(p_changes, 1) - 1 LIMIT 1;
            IF FOUND AND (cut.transaction, cut.seq) < (b.to_transaction, b.to_seq) THEN
                IF b.number = o.last_number AND (o.at_transaction, o.at_seq) = (b.to_transaction, b.to_seq) THEN
                    UPDATE trunkline.outbound SET at_transaction = cut.transaction, at_seq = cut.seq
                        WHERE stream = p_stream;
                ELSE
                    WITH gone AS (
                        DELETE FROM trunkline.change WHERE ctid = ANY (ARRAY(SELECT place FROM (
                            \(covered.select("ctid AS place, transaction, seq"))
                        ) d WHERE (transaction, seq) > (cut.transaction, cut.seq)))
                        RETURNING *
                    )
                    INSERT INTO trunkline.change (transaction, table_id, key, op, at)
                        SELECT pg_current_xact_id(), table_id, key, CASE op WHEN 'i' THEN 'l' ELSE op END, at
                        FROM gone ORDER BY transaction, seq;
                    PERFORM trunkline.reopen_verifications(p_stream, p_number);
                END IF;
                UPDATE trunkline.batch SET to_transaction = cut.transaction, to_seq = cut.seq,
                    changes = greatest(p_changes, 1) WHERE stream = p_stream AND number = p_number;
            END IF;
            RETURN QUERY SELECT * FROM trunkline.batch WHERE stream = p_stream AND number = p_number;
        END
        $function$
        """

    /// Takes the changes of tables that stand still out of a claimed batch; false when the claim is not in force.
    private static let holdChanges = """
        CREATE OR REPLACE FUNCTION trunkline.hold_changes(p_stream text, p_number bigint, p_attempt integer,
            p_tables integer[]) RETURNS boolean
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            b trunkline.batch;
            waves record;
            held integer;
        BEGIN
            PERFORM FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            SELECT * INTO b FROM trunkline.batch WHERE stream = p_stream AND number = p_number AND state = 'sent'
                AND attempts = p_attempt;
            IF NOT FOUND THEN RETURN false; END IF;
            \(WaveFunctions.findWaves(of: "b"))
            WITH gone AS (
                DELETE FROM trunkline.change WHERE ctid = ANY (ARRAY(SELECT place FROM (
                    \(covered.select("ctid AS place, table_id"))
                ) d WHERE table_id = ANY (p_tables)))
                RETURNING *
            )
            INSERT INTO trunkline.held_change (table_id, key, op, at)
                SELECT table_id, key, op, at FROM gone ORDER BY transaction, seq;
            GET DIAGNOSTICS held = ROW_COUNT;
            UPDATE trunkline.batch SET changes = changes - held WHERE stream = p_stream AND number = p_number;
            PERFORM trunkline.reopen_verifications(p_stream, p_number);
            RETURN true;
        END
        $function$
        """

    /// Deletes the oldest acked batch and its change-log rows; false when there is none, or when it can wait.
    ///
    /// It takes it that one stream reads the log: another one that has yet to read these changes would lose them.
    private static let pruneBatch = """
        CREATE OR REPLACE FUNCTION trunkline.prune_batch(p_stream text) RETURNS boolean
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            b trunkline.batch;
            waves record;
            g record;
        BEGIN
            DELETE FROM trunkline.batch WHERE stream = p_stream AND number = (
                SELECT number FROM trunkline.batch WHERE stream = p_stream AND state = 'acked'
                    AND (acked_at < now() - interval '1 minute'
                        OR NOT EXISTS (SELECT FROM trunkline.batch WHERE stream = p_stream AND state <> 'acked'))
                ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING * INTO b;
            IF b.number IS NULL THEN RETURN false; END IF;
            \(WaveFunctions.findWaves(of: "b"))
            \(covered.conditions.map { "DELETE FROM trunkline.change WHERE \($0);" }.joined(separator: "\n"))
            FOR g IN SELECT * FROM \(covered.gaps) LOOP
                DELETE FROM trunkline.change WHERE transaction > g.after AND transaction < g.before;
            END LOOP;
            RETURN true;
        END
        $function$
        """

    /// The changes that belong to no batch yet.
    private static let unbatched = """
        CREATE OR REPLACE VIEW trunkline.unbatched AS
        SELECT p.stream, c.* FROM trunkline.change c CROSS JOIN trunkline.position p
        WHERE NOT pg_visible_in_snapshot(c.transaction, p.upper)
            OR (c.transaction, c.seq) > (p.at_transaction, p.at_seq)
                AND NOT pg_visible_in_snapshot(c.transaction, p.lower)
        """

    /// The streams for which there are changes beyond their last wave, with the number of their last batch: what a
    /// publisher that has nothing to do looks at again and again. It locks nothing and uses up no transaction id.
    private static let news = """
        CREATE OR REPLACE VIEW trunkline.news AS
        SELECT o.stream, o.last_number FROM (
            SELECT o.stream, o.last_number, w.snapshot FROM trunkline.outbound o
            JOIN trunkline.wave w ON w.number = o.last_wave OFFSET 0  -- asked of these waves only
        ) o
        WHERE EXISTS (
            SELECT FROM trunkline.gaps(pg_current_snapshot(), trunkline.xid_before(pg_snapshot_xmax(o.snapshot)),
                pg_snapshot_xmax(pg_current_snapshot())) g
            WHERE EXISTS (SELECT FROM trunkline.change c WHERE c.transaction > g.after AND c.transaction < g.before))
        OR EXISTS (
            SELECT FROM pg_snapshot_xip(o.snapshot) x
            WHERE pg_visible_in_snapshot(x, pg_current_snapshot())
                AND EXISTS (SELECT FROM trunkline.change c WHERE c.transaction = x))
        """

    /// Whether a text is a value of a type, which the text of a key may be no more: a label of an enum was renamed.
    private static let isValue = """
        CREATE OR REPLACE FUNCTION trunkline.is_value(p_text text, p_type text) RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            EXECUTE 'SELECT $1::' || p_type USING p_text;
            RETURN true;
        EXCEPTION WHEN data_exception OR check_violation OR not_null_violation THEN
            RETURN false;
        END
        $function$
        """

    /// Why a text cannot be said in UTF-8; NULL: it can.
    private static let untranslatable = """
        CREATE OR REPLACE FUNCTION trunkline.untranslatable(p_text text) RETURNS text
        LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            PERFORM convert_to(p_text, 'UTF8');
            RETURN NULL;
        EXCEPTION WHEN untranslatable_character OR character_not_in_repertoire THEN
            RETURN SQLERRM;
        END
        $function$
        """
}
