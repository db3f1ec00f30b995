/// The stored functions and views of the sending side; made anew at every `init`.
enum Functions {
    static let all =
        LoadFunctions.all + SharingFunctions.all + WaveFunctions.all + SharedLogFunctions.all + MovedValues.all + [
            MoveCheck.function,
            sendsChanges, claimBatch, reopenVerifications, splitBatch, holdChanges, pruneBatch, sharedContent,
            unbatched, news, withWork, untranslatable, isValue, keyValues, partitionTree,
        ]

    /// What the batch `b` of the stream `o` covers, between its waves.
    private static let covered = ChangeRange(
        destinations: ["'\(ChangeRange.everybody)'", "o.destination"], lower: "waves.lower", upper: "waves.upper",
        from: ("b.from_transaction", "b.from_seq"),
        to: ("b.to_transaction", "b.to_seq"))

    private static let own = covered.only("o.destination")
    private static let shared = covered.only("'\(ChangeRange.everybody)'")

    /// Whether changes travel, or a recovery waits for a decision.
    private static let sendsChanges = """
        CREATE OR REPLACE FUNCTION trunkline.sends_changes(p_stream text) RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            RETURN (SELECT coalesce(recovery NOT IN ('compare', 'keep-head'), true) FROM trunkline.outbound
                WHERE stream = p_stream);
        END
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
            is_at_end boolean;
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
                -- That it came to the end is noted once, where a batch is formed.
                SELECT at_end INTO is_at_end FROM trunkline.outbound WHERE stream = p_stream;
                IF next IS NULL AND (NOT trunkline.sends_changes(p_stream)
                    OR is_at_end AND NOT EXISTS (SELECT FROM trunkline.load WHERE stream = p_stream)
                        AND (trunkline.next_cut(p.destination, p.lower, p.upper, p.at_transaction, p.at_seq, 1)).n = 0
                        AND (trunkline.next_cut(p.destination, p.upper, pg_current_snapshot(), '0', 0, 1)).n = 0
                        AND NOT trunkline.has_untold_joins(p_stream))
                THEN
                    RETURN;
                END IF;
                PERFORM FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
                looked := true;
            END LOOP;
            IF next IS NULL AND trunkline.sends_changes(p_stream) THEN
                next := trunkline.form_batch(p_stream, p_changes);
                IF next IS NULL AND trunkline.has_untold_joins(p_stream) THEN
                    next := trunkline.form_empty_batch(p_stream);
                END IF;
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
    /// earlier one they are logged anew, behind everything, for this stream alone. An insert becomes a load then, since the
    /// log may hold the same key as an insert once more. What a piece of a load does not cover any more is a load again.
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
            k record;
            last text[];
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            SELECT * INTO b FROM trunkline.batch WHERE stream = p_stream AND number = p_number AND state = 'sent'
                AND attempts = p_attempt;
            IF NOT FOUND THEN RETURN; END IF;
            -- A claim that is being made in an older snapshot cannot be added behind it any more.
            UPDATE trunkline.outbound SET at_seq = at_seq WHERE stream = p_stream;
            IF b.load_table IS NOT NULL THEN
                SELECT * INTO STRICT k FROM trunkline.key_of(b.load_table);
                EXECUTE format('SELECT %s FROM %s t WHERE %s ORDER BY %s OFFSET %s LIMIT 1', k.texts,
                    trunkline.loaded_from(b.load_table, o.destination, b.load_sweeps),
                    trunkline.range_of(k.columns, k.types, b.load_after, b.load_through), k.columns,
                    greatest(p_changes, 1) - 1) INTO last;
                IF last IS NOT NULL THEN
                    INSERT INTO trunkline.load (stream, table_id, after_key, through_key, is_new, sweeps, rows_left)
                        VALUES (p_stream, b.load_table, last, b.load_through, b.load_new, b.load_sweeps,
                            greatest(b.changes - greatest(p_changes, 1), 0));
                    UPDATE trunkline.batch SET load_through = last, changes = greatest(p_changes, 1)
                        WHERE stream = p_stream AND number = p_number;
                    PERFORM trunkline.reopen_verifications(p_stream, p_number);
                END IF;
                RETURN QUERY SELECT * FROM trunkline.batch WHERE stream = p_stream AND number = p_number;
                RETURN;
            END IF;
            \(WaveFunctions.findWaves(of: "b"))
            SELECT w.transaction, w.seq INTO cut FROM (
                \(covered.select("transaction, seq"))
            ) w ORDER BY transaction, seq OFFSET greatest(p_changes, 1) - 1 LIMIT 1;
            IF FOUND AND (cut.transaction, cut.seq) < (b.to_transaction, b.to_seq) THEN
                IF b.number = o.last_number AND (o.at_transaction, o.at_seq) = (b.to_transaction, b.to_seq) THEN
                    UPDATE trunkline.outbound SET at_transaction = cut.transaction, at_seq = cut.seq, at_end = false
                        WHERE stream = p_stream;
                ELSE
                    WITH gone AS (
                        DELETE FROM trunkline.change WHERE ctid = ANY (ARRAY(SELECT place FROM (
                            \(own.select("ctid AS place, transaction, seq"))
                        ) d WHERE (transaction, seq) > (cut.transaction, cut.seq)))
                        RETURNING *
                    ), others AS (
                        SELECT transaction, seq, table_id, key, op, at FROM gone
                        UNION ALL
                        SELECT * FROM (
                            \(shared.select("transaction, seq, table_id, key, op, at"))
                        ) d WHERE (transaction, seq) > (cut.transaction, cut.seq)
                    )
                    INSERT INTO trunkline.change (destination, transaction, table_id, key, op, at)
                        SELECT o.destination, pg_current_xact_id(), table_id, key, CASE op WHEN 'i' THEN 'l' ELSE op END, at
                        FROM others ORDER BY transaction, seq;
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
            o trunkline.outbound;
            b trunkline.batch;
            waves record;
            held integer;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            SELECT * INTO b FROM trunkline.batch WHERE stream = p_stream AND number = p_number AND state = 'sent'
                AND attempts = p_attempt;
            IF NOT FOUND THEN RETURN false; END IF;
            UPDATE trunkline.outbound SET at_seq = at_seq WHERE stream = p_stream;
            \(WaveFunctions.findWaves(of: "b"))
            IF b.load_table = ANY (p_tables) THEN
                INSERT INTO trunkline.load (stream, table_id, after_key, through_key, is_new, sweeps, rows_left)
                    VALUES (p_stream, b.load_table, b.load_after, b.load_through, b.load_new, b.load_sweeps,
                        b.changes);
                UPDATE trunkline.batch SET load_table = NULL, changes = 0 WHERE stream = p_stream AND number = p_number;
                PERFORM trunkline.reopen_verifications(p_stream, p_number);
                RETURN true;
            END IF;
            -- What is for all branches stays where it is, for the other streams: this batch leaves it out.
            WITH gone AS (
                DELETE FROM trunkline.change WHERE ctid = ANY (ARRAY(SELECT place FROM (
                    \(own.select("ctid AS place, table_id"))
                ) d WHERE table_id = ANY (p_tables)))
                RETURNING *
            ), held AS (
                SELECT transaction, seq, table_id, key, op, at FROM gone
                UNION ALL
                SELECT * FROM (
                    \(shared.select("transaction, seq, table_id, key, op, at"))
                ) d WHERE table_id = ANY (p_tables) AND table_id <> ALL (b.without)
            )
            INSERT INTO trunkline.held_change (destination, table_id, key, op, at)
                SELECT o.destination, table_id, key, op, at FROM held ORDER BY transaction, seq;
            GET DIAGNOSTICS held = ROW_COUNT;
            UPDATE trunkline.batch SET changes = changes - held, without = without || p_tables
                WHERE stream = p_stream AND number = p_number;
            PERFORM trunkline.reopen_verifications(p_stream, p_number);
            RETURN true;
        END
        $function$
        """

    /// Deletes the oldest acked batch and the change-log rows that were for its stream alone; false when there is none, or
    /// when it can wait.
    private static let pruneBatch = """
        CREATE OR REPLACE FUNCTION trunkline.prune_batch(p_stream text) RETURNS boolean
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            o trunkline.outbound;
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
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream;
            \(WaveFunctions.findWaves(of: "b"))
            \(own.deletion)
            RETURN true;
        END
        $function$
        """

    /// Names what a batch covers where every branch gets the same of it, as ``ClaimedBatch/sharedContent``. Volatile, so
    /// that it sees a batch that the statement itself has formed.
    private static let sharedContent = """
        CREATE OR REPLACE FUNCTION trunkline.shared_content(p_stream text, p_number bigint) RETURNS text
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            o trunkline.outbound;
            b trunkline.batch;
            waves record;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream;
            SELECT * INTO b FROM trunkline.batch WHERE stream = p_stream AND number = p_number AND attempts = 1
                AND load_table IS NULL AND without = '{}' AND changes > 0;
            IF b.number IS NULL OR o.destination = 'head' THEN RETURN NULL; END IF;
            \(WaveFunctions.findWaves(of: "b"))
            IF trunkline.has_lines(o.destination, waves.lower, waves.upper)
                OR EXISTS (SELECT FROM trunkline.synced_table s WHERE s.captured AND s.route <> '{"all":{}}' AND EXISTS (
                    SELECT FROM (\(shared.select("table_id"))) l WHERE l.table_id = s.id))
            THEN
                RETURN NULL;
            END IF;
            RETURN concat_ws('/', b.after_wave, b.last_wave, b.from_transaction, b.from_seq, b.to_transaction, b.to_seq);
        END
        $function$
        """

    /// The changes that belong to no batch of a stream yet.
    private static let unbatched = """
        CREATE OR REPLACE VIEW trunkline.unbatched AS
        SELECT p.stream, c.transaction, c.seq, c.table_id, c.key, c.op, c.at
        FROM trunkline.position p JOIN trunkline.change c ON c.destination IN ('\(ChangeRange.everybody)', p.destination)
        WHERE NOT pg_visible_in_snapshot(c.transaction, p.upper)
            OR (c.transaction, c.seq) > (p.at_transaction, p.at_seq)
                AND NOT pg_visible_in_snapshot(c.transaction, p.lower)
        """

    /// The streams for which there are changes beyond their last wave, with the number of their last batch: what a
    /// publisher that has nothing to do looks at again and again. It locks nothing and uses up no transaction id.
    private static let news = """
        CREATE OR REPLACE VIEW trunkline.news AS
        WITH fresh AS MATERIALIZED (
            SELECT d FROM (SELECT snapshot FROM trunkline.wave ORDER BY number DESC LIMIT 1) newest,
                trunkline.destinations() d
            WHERE trunkline.has_lines(d, newest.snapshot, pg_current_snapshot())
        )
        SELECT o.stream, o.last_number FROM trunkline.outbound o
        WHERE EXISTS (SELECT FROM fresh WHERE d IN ('\(ChangeRange.everybody)', o.destination))
            OR EXISTS (SELECT FROM trunkline.destination_wave w
                WHERE w.destination IN ('\(ChangeRange.everybody)', o.destination) AND w.wave > o.last_wave)
        """

    /// As ``SenderStore/streamsWithWork(window:silence:)``; of a silence of NULL nothing follows.
    private static let withWork = """
        CREATE OR REPLACE FUNCTION trunkline.with_work(p_window integer, p_silence float8) RETURNS SETOF text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            RETURN QUERY
            WITH unacked AS (
                SELECT stream, count(*) FILTER (WHERE state = 'sent') AS sent,
                    count(*) FILTER (WHERE state = 'pending') AS pending
                FROM trunkline.batch WHERE state <> 'acked' GROUP BY stream
            )
            SELECT o.stream FROM trunkline.outbound o JOIN trunkline.outbound_ack a USING (stream)
            LEFT JOIN unacked u USING (stream)
            WHERE NOT EXISTS (SELECT FROM trunkline.branch b WHERE b.id = o.destination AND b.suspended)
                AND (a.halt_untold
                    OR EXISTS (SELECT FROM trunkline.verification_request r
                        WHERE r.stream = o.stream AND r.formed_number IS NULL)
                    OR a.stopped IS NULL AND coalesce(u.sent, 0) < p_window AND (
                        u.pending > 0
                        OR coalesce(o.recovery NOT IN ('compare', 'keep-head'), true) AND (
                            NOT o.at_end OR trunkline.has_untold_joins(o.stream)
                            OR o.stream IN (SELECT n.stream FROM trunkline.news n)
                            OR EXISTS (SELECT FROM trunkline.load l JOIN trunkline.synced_table s ON s.id = l.table_id
                                WHERE l.stream = o.stream AND s.captured AND to_regclass(s.relation) IS NOT NULL
                                    AND (s.reading_problem IS NULL OR s.read_again_at <= clock_timestamp()))))
                    OR a.stopped IS NULL AND o.recovery IS NULL AND o.last_number > 0 AND a.watermark = o.last_number
                        AND a.last_contact NOT BETWEEN now() - make_interval(secs => p_silence) AND now())
            ORDER BY o.stream;
        END
        $function$
        """

    /// As `pg_partition_tree`, but that it locks no partition, and knows a table without any.
    private static let partitionTree = """
        CREATE OR REPLACE FUNCTION trunkline.partition_tree(p_root oid)
        RETURNS TABLE (relid oid, isleaf boolean, level integer)
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
            WITH RECURSIVE tree (relid, level) AS (
                SELECT p_root, 0
                UNION ALL
                SELECT i.inhrelid, t.level + 1 FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid
                    JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition
            )
            SELECT t.relid, c.relkind <> 'p', t.level FROM tree t JOIN pg_class c ON c.oid = t.relid
        $function$
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

    /// The values of a key that is kept as JSON of ASCII alone, in this database's encoding; NULL: it cannot say them.
    private static let keyValues = """
        CREATE OR REPLACE FUNCTION trunkline.key_values(p_key text) RETURNS text[]
        LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            RETURN ARRAY(SELECT json_array_elements_text(p_key::json));
        EXCEPTION WHEN data_exception THEN
            RETURN NULL;
        END
        $function$
        """
}
