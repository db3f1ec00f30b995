/// The stored functions that open waves and cut them into batches.
///
/// A wave is a numbered snapshot. What it sees and the wave before does not are its changes; no wave is changed once it
/// is opened, and wave 0 sees nothing. All streams of the database share them: a stream, and each of its batches,
/// stands between two of them, in what `last_wave` sees and `after_wave` does not, which may be the changes of many
/// waves. Of these it reads the lines for all branches and those for its own destination, as one order.
///
/// Transactions that a wave does not see, because they were open when it was opened, are never looked at: an open
/// transaction of millions of changes costs nothing.
enum WaveFunctions {
    static let all = [
        position, xidBefore, gaps, logDestinations, destinations, hasLines, nextCut, compact, newerWave, formBatch,
        oldestUnsent, pruneWaves,
    ]

    /// One opens a wave at a time. This lock, and the others of its kind, are of empty tables, on which the database's
    /// other roles have no rights: an advisory lock anybody could take, and keep.
    static let lockForOpening = "LOCK TABLE trunkline.opening_lock IN EXCLUSIVE MODE"
    /// Who is about to refer to the newest wave shares the lock that who deletes waves has alone.
    static let lockForReference = "LOCK TABLE trunkline.reference_lock IN SHARE MODE"

    /// Looks up the waves between which a stream or a batch stands, as `waves`.
    static func findWaves(of row: String) -> String {
        """
        SELECT before.snapshot AS lower, last.snapshot AS upper INTO STRICT waves
            FROM trunkline.wave before, trunkline.wave last
            WHERE before.number = \(row).after_wave AND last.number = \(row).last_wave;
        """
    }

    /// Where the streams stand: at which position, in what `upper` sees and `lower` does not.
    private static let position = """
        CREATE OR REPLACE VIEW trunkline.position AS
        SELECT o.stream, o.destination, before.snapshot AS lower, last.snapshot AS upper, o.at_transaction, o.at_seq
        FROM trunkline.outbound o JOIN trunkline.wave before ON before.number = o.after_wave
        JOIN trunkline.wave last ON last.number = o.last_wave
        """

    /// Without settings of its own, so that the planner can inline it.
    private static let xidBefore = """
        CREATE OR REPLACE FUNCTION trunkline.xid_before(xid8) RETURNS xid8
        LANGUAGE sql IMMUTABLE
        AS $function$ SELECT greatest($1::text::numeric - 1, 0)::text::xid8 $function$
        """

    /// The ranges of transactions, ends exclusive, that the snapshot sees between two transactions.
    private static let gaps = """
        CREATE OR REPLACE FUNCTION trunkline.gaps(p_snapshot pg_snapshot, p_after xid8, p_before xid8)
        RETURNS TABLE (after xid8, before xid8)
        LANGUAGE sql IMMUTABLE ROWS 2
        AS $function$
            SELECT lag(e.x, 1, p_after) OVER (ORDER BY e.x), e.x FROM (
                SELECT x FROM pg_snapshot_xip(p_snapshot) x WHERE x > p_after AND x < p_before
                UNION ALL
                SELECT p_before WHERE p_before > p_after
            ) e ORDER BY 2
        $function$
        """

    /// The destinations that lines of the log have, by as many looks into its index. Such a look steps over what was pruned
    /// and is not vacuumed yet.
    private static let logDestinations = """
        CREATE OR REPLACE FUNCTION trunkline.log_destinations() RETURNS SETOF text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
            SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
            WITH RECURSIVE found AS (
                (SELECT destination FROM trunkline.change ORDER BY destination LIMIT 1)
                UNION ALL
                SELECT (SELECT c.destination FROM trunkline.change c WHERE c.destination > f.destination
                    ORDER BY c.destination LIMIT 1)
                FROM found f WHERE f.destination IS NOT NULL)
            SELECT destination FROM found WHERE destination IS NOT NULL
        $function$
        """

    /// The destinations for which there may be lines that somebody sends: those of the streams, where they are few.
    private static let destinations = """
        CREATE OR REPLACE FUNCTION trunkline.destinations() RETURNS SETOF text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            IF (SELECT count(*) FROM (SELECT FROM trunkline.outbound LIMIT 65) few) <= 64 THEN
                RETURN QUERY SELECT '\(ChangeRange.everybody)' UNION SELECT o.destination FROM trunkline.outbound o;
            ELSE
                RETURN QUERY SELECT * FROM trunkline.log_destinations();
            END IF;
        END
        $function$
        """

    /// Whether the second snapshot sees lines for a destination that the first does not.
    private static let hasLines = """
        CREATE OR REPLACE FUNCTION trunkline.has_lines(p_destination text, p_lower pg_snapshot, p_upper pg_snapshot)
        RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
            SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        BEGIN
            RETURN EXISTS (
                SELECT FROM trunkline.gaps(p_upper, trunkline.xid_before(pg_snapshot_xmax(p_lower)),
                    pg_snapshot_xmax(p_upper)) g
                WHERE EXISTS (SELECT FROM trunkline.change c WHERE c.destination = p_destination
                    AND c.transaction > g.after AND c.transaction < g.before))
            OR EXISTS (
                SELECT FROM pg_snapshot_xip(p_lower) x
                WHERE pg_visible_in_snapshot(x, p_upper)
                    AND EXISTS (SELECT FROM trunkline.change c WHERE c.destination = p_destination AND c.transaction = x));
        END
        $function$
        """

    /// The position of the last of the next `p_changes` changes for a destination between two snapshots, behind a position,
    /// and how many they are: 0 when there are no more. Full batches are found by stepping over the index, the rest of a range by
    /// counting it.
    private static let nextCut = """
        CREATE OR REPLACE FUNCTION trunkline.next_cut(p_destination text, p_lower pg_snapshot, p_upper pg_snapshot,
            p_transaction xid8, p_seq bigint, p_changes bigint,
            OUT cut_transaction xid8, OUT cut_seq bigint, OUT n bigint, OUT oldest timestamptz)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
            SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            x xid8;
            g record;
            step bigint;
            t xid8;
            s bigint;
            a timestamptz;
        BEGIN
            n := 0;
            -- The transaction in whose middle the last batch ended, and the late ones behind it.
            FOR x IN SELECT e FROM (SELECT p_transaction AS e UNION SELECT pg_snapshot_xip(p_lower)) late
                WHERE e >= p_transaction AND NOT pg_visible_in_snapshot(e, p_lower)
                    AND pg_visible_in_snapshot(e, p_upper) ORDER BY e
            LOOP
                \(advance("transaction = x AND seq > CASE WHEN x = p_transaction THEN p_seq ELSE 0 END", "seq"))
            END LOOP;
            FOR g IN SELECT * FROM trunkline.gaps(p_upper,
                greatest(p_transaction, trunkline.xid_before(pg_snapshot_xmax(p_lower))), pg_snapshot_xmax(p_upper))
            LOOP
                \(advance("transaction > g.after AND transaction < g.before", "transaction, seq"))
            END LOOP;
        END
        $function$
        """

    /// Steps over the changes of a range; returns from the function when there are enough.
    private static func advance(_ range: String, _ order: String) -> String {
        let descending = order.split(separator: ", ").map { "\($0) DESC" }.joined(separator: ", ")
        return """
            SELECT transaction, seq INTO t, s FROM \(lines(range, order))
                ORDER BY \(order) OFFSET p_changes - n - 1 LIMIT 1;
            IF FOUND THEN
                step := p_changes - n;
            ELSE
                SELECT transaction, seq, (SELECT count(*) FROM \(lines(range, order))) INTO t, s, step
                    FROM \(lines(range, descending)) ORDER BY \(descending) LIMIT 1;
                CONTINUE WHEN NOT FOUND;
            END IF;
            IF n = 0 THEN
                SELECT at INTO oldest FROM \(lines(range, order)) ORDER BY \(order) LIMIT 1;
            END IF;
            n := n + step;
            cut_transaction := t;
            cut_seq := s;
            IF n >= p_changes THEN RETURN; END IF;
            """
    }

    /// The lines for all and for `p_destination`: two ranges of the index, which the planner merges. Each says the order
    /// itself: it does not look into a branch of a union that has a condition, and would sort all of the log.
    private static func lines(_ range: String, _ order: String) -> String {
        let each = ["'\(ChangeRange.everybody)'", "p_destination"].map {
            "(SELECT transaction, seq, at FROM trunkline.change WHERE destination = \($0) AND \(range) ORDER BY \(order))"
        }
        return "(\(each.joined(separator: " UNION ALL "))) l"
    }

    /// The lines of one destination between two snapshots.
    private static let between = ChangeRange(
        destinations: ["p_destination"], lower: "p_lower", upper: "p_upper", from: ("'0'::xid8", "0"),
        to: ("pg_snapshot_xmax(p_upper)", "0"))
    private static let sharedSinceNewest = ChangeRange(
        destinations: ["'\(ChangeRange.everybody)'"], lower: "newest.snapshot", upper: "snapshot",
        from: ("'0'::xid8", "0"),
        to: ("pg_snapshot_xmax(snapshot)", "0"))

    /// Keeps the first change of each key, of what nobody has read yet: every image is read after the later snapshot, by
    /// whatever stream, so one of them says it all. The first, because a parent's first change comes
    /// before its children's. By their places, since the planner does not know how many there are: of a join it made
    /// loops that took hours.
    private static let compact = """
        CREATE OR REPLACE FUNCTION trunkline.compact(p_destination text, p_lower pg_snapshot, p_upper pg_snapshot)
        RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_bitmapscan = off SET enable_seqscan = off
        AS $function$
        BEGIN
            IF EXISTS (SELECT FROM (\(between.select("op"))) w WHERE op <> 'i') THEN
                DELETE FROM trunkline.change WHERE ctid = ANY (ARRAY(SELECT place FROM (
                    SELECT place, row_number() OVER (PARTITION BY table_id, key ORDER BY transaction, seq) AS occurrence
                    FROM (
                        \(between.select("ctid AS place, transaction, seq, table_id, key"))
                    ) w
                ) d WHERE occurrence > 1));
            END IF;
        END
        $function$
        """

    /// The newest wave, where it is newer than `p_wave`; else one that is opened now. NULL: there is nothing for the
    /// destination to open one for. What is for all branches is compacted before anybody reads it.
    ///
    /// One opens a wave at a time. Who waits for another to be done takes the wave that the other opened, so that no
    /// change is in two.
    private static let newerWave = """
        CREATE OR REPLACE FUNCTION trunkline.newer_wave(p_destination text, p_wave bigint, p_changes integer)
        RETURNS bigint
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        DECLARE
            newest trunkline.wave;
            snapshot pg_snapshot;
            changes bigint;
        BEGIN
            \(lockForReference);
            SELECT * INTO newest FROM trunkline.wave ORDER BY number DESC LIMIT 1;
            IF newest.number > p_wave THEN RETURN newest.number; END IF;
            \(lockForOpening);
            SELECT * INTO newest FROM trunkline.wave ORDER BY number DESC LIMIT 1;
            IF newest.number > p_wave THEN RETURN newest.number; END IF;
            snapshot := pg_current_snapshot();
            changes := (trunkline.next_cut(p_destination, newest.snapshot, snapshot, '0', 0, p_changes)).n;
            IF changes = 0 THEN RETURN NULL; END IF;
            IF changes >= p_changes AND p_destination <> 'head' THEN
                PERFORM trunkline.compact('\(ChangeRange.everybody)', newest.snapshot, snapshot);
            END IF;
            INSERT INTO trunkline.wave (number, snapshot, shared_total)
                SELECT newest.number + 1, snapshot, newest.shared_total + count(*) FROM (
                    \(sharedSinceNewest.select("1"))
                ) c;
            INSERT INTO trunkline.destination_wave AS w (destination, wave)
                SELECT d, newest.number + 1 FROM trunkline.destinations() d
                WHERE trunkline.has_lines(d, newest.snapshot, snapshot)
                ON CONFLICT (destination) DO UPDATE SET wave = EXCLUDED.wave;
            RETURN newest.number + 1;
        END
        $function$
        """

    /// Cuts the next batch: from where the stream stands, from all waves that were opened since, or from a new one. What
    /// is for its destination alone is compacted when it is taken. After a piece of a load changes come first, and after
    /// changes a piece, so that neither waits for the end of the other.
    private static let formBatch = """
        CREATE OR REPLACE FUNCTION trunkline.form_batch(p_stream text, p_changes integer) RETURNS bigint
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        DECLARE
            o trunkline.outbound;
            waves record;
            cut record;
            newer bigint;
            piece bigint;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            IF NOT o.loaded_last THEN
                piece := trunkline.form_piece(p_stream, p_changes);
                IF piece IS NOT NULL THEN RETURN piece; END IF;
            END IF;
            LOOP
                \(findWaves(of: "o"))
                SELECT * INTO cut FROM trunkline.next_cut(o.destination, waves.lower, waves.upper, o.at_transaction,
                    o.at_seq, p_changes);
                EXIT WHEN cut.n > 0;
                newer := trunkline.newer_wave(o.destination, o.last_wave, p_changes);
                IF newer IS NULL THEN
                    UPDATE trunkline.outbound SET at_end = true WHERE stream = p_stream AND NOT at_end;
                    RETURN trunkline.form_piece(p_stream, p_changes);
                END IF;
                o.after_wave := o.last_wave;
                o.last_wave := newer;
                o.at_transaction := '0';
                o.at_seq := 0;
                \(findWaves(of: "o"))
                IF (trunkline.next_cut(o.destination, waves.lower, waves.upper, '0', 0, p_changes)).n >= p_changes THEN
                    PERFORM trunkline.compact(o.destination, waves.lower, waves.upper);
                END IF;
            END LOOP;
            INSERT INTO trunkline.batch (stream, number, previous_id, after_wave, last_wave, from_transaction, from_seq,
                    to_transaction, to_seq, changes, oldest_at)
                VALUES (p_stream, o.last_number + 1, o.last_id, o.after_wave, o.last_wave, o.at_transaction, o.at_seq,
                    cut.cut_transaction, cut.cut_seq, cut.n, cut.oldest)
                RETURNING id INTO o.last_id;
            UPDATE trunkline.outbound SET last_number = o.last_number + 1, last_id = o.last_id,
                after_wave = o.after_wave, last_wave = o.last_wave, at_transaction = cut.cut_transaction,
                at_seq = cut.cut_seq, at_end = cut.n < p_changes, loaded_last = false,
                taken = cut.n + CASE WHEN last_wave = o.last_wave THEN taken ELSE 0 END
                WHERE stream = p_stream;
            RETURN o.last_number + 1;
        END
        $function$
        """

    /// When the first change was made that belongs to no batch yet.
    private static let oldestUnsent = """
        CREATE OR REPLACE FUNCTION trunkline.oldest_unsent(p_stream text) RETURNS timestamptz
        LANGUAGE sql SET search_path = pg_catalog, pg_temp
        AS $function$
            SELECT least((trunkline.next_cut(p.destination, p.lower, p.upper, p.at_transaction, p.at_seq, 1)).oldest,
                (trunkline.next_cut(p.destination, p.upper, pg_current_snapshot(), '0', 0, 1)).oldest)
            FROM trunkline.position p WHERE p.stream = p_stream
        $function$
        """

    /// Deletes the waves that nothing refers to any more; if somebody is just about to, another time.
    private static let pruneWaves = """
        CREATE OR REPLACE FUNCTION trunkline.prune_waves() RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            BEGIN
                LOCK TABLE trunkline.reference_lock IN EXCLUSIVE MODE NOWAIT;
            EXCEPTION WHEN lock_not_available THEN
                RETURN;
            END;
            DELETE FROM trunkline.wave WHERE number > 0 AND number < (SELECT max(number) FROM trunkline.wave)
                AND number NOT IN (
                    SELECT after_wave FROM trunkline.outbound UNION ALL SELECT last_wave FROM trunkline.outbound
                    UNION ALL SELECT after_wave FROM trunkline.batch
                    UNION ALL SELECT last_wave FROM trunkline.batch);
        END
        $function$
        """
}
