/// The stored functions that keep the change log of the head short, whatever streams are away: above all the lines for all
/// branches, which the streams share.
enum SharedLogFunctions {
    static let all = [settled, pruneShared, compactBehind, compactOwn]

    /// Between two snapshots, the lines for all branches.
    private static let between = ChangeRange(
        destinations: ["'\(ChangeRange.everybody)'"], lower: "low", upper: "high", from: ("'0'::xid8", "0"),
        to: ("pg_snapshot_xmax(high)", "0"))

    /// Through which wave each stream has everything acked, and through which it has formed its batches.
    private static let settled = """
        CREATE OR REPLACE VIEW trunkline.settled AS
        SELECT o.stream, coalesce(
                (SELECT min(b.after_wave) FROM trunkline.batch b WHERE b.stream = o.stream AND b.state <> 'acked'),
                CASE WHEN o.at_end THEN o.last_wave ELSE o.after_wave END) AS acked,
            o.last_wave AS formed
        FROM trunkline.outbound o
        """

    private static let next = """
        SELECT w.snapshot INTO high FROM trunkline.wave w, trunkline.shared_log l
            WHERE w.number <= (SELECT min(acked) FROM trunkline.settled)
                AND pg_snapshot_xmax(w.snapshot) > pg_snapshot_xmax(l.pruned)
            ORDER BY w.number LIMIT 1;
        IF NOT FOUND THEN RETURN any_line; END IF;
        """

    /// Deletes the lines for all branches that every stream has passed, and those of destinations that nobody sends to:
    /// a branch that is added later is loaded from the tables, after these lines were seen. One at a time.
    private static let pruneShared = """
        CREATE OR REPLACE FUNCTION trunkline.prune_shared() RETURNS boolean
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            low pg_snapshot;
            high pg_snapshot;
            g record;
            n bigint;
            any_line boolean := false;
        BEGIN
            IF EXISTS (SELECT FROM trunkline.outbound WHERE destination = 'head') THEN RETURN false; END IF;
            -- A stream that is about to begin is not seen yet.
            BEGIN
                LOCK TABLE trunkline.streams_lock IN EXCLUSIVE MODE NOWAIT;
            EXCEPTION WHEN lock_not_available THEN
                RETURN false;
            END;
            FOR g IN SELECT d FROM trunkline.log_destinations() d WHERE d NOT IN (SELECT destination FROM trunkline.outbound)
                AND (d <> '\(ChangeRange.everybody)' OR NOT EXISTS (SELECT FROM trunkline.outbound))
            LOOP
                DELETE FROM trunkline.change WHERE destination = g.d
                    AND NOT EXISTS (SELECT FROM trunkline.outbound o WHERE g.d IN (o.destination, '\(ChangeRange.everybody)'));
                GET DIAGNOSTICS n = ROW_COUNT;
                any_line := any_line OR n > 0;
            END LOOP;
            -- It looks before it locks, which costs a transaction id. The next wave that all streams have passed:
            \(next)
            SELECT pruned INTO low FROM trunkline.shared_log FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN RETURN any_line; END IF;
            \(next)
            \(between.deletion)
            UPDATE trunkline.shared_log SET pruned = high;
            RETURN true;
        END
        $function$
        """

    /// Statements of a function that delete all lines of a range but the last of each key, and count them as `n`.
    private static func compaction(of range: ChangeRange) -> String {
        """
        DELETE FROM trunkline.change WHERE ctid = ANY (ARRAY(SELECT place FROM (
            SELECT place, row_number() OVER (PARTITION BY table_id, key ORDER BY transaction DESC, seq DESC) AS age
            FROM (
                \(range.select("ctid AS place, transaction, seq, table_id, key"))
            ) w
        ) d WHERE age > 1));
        GET DIAGNOSTICS n = ROW_COUNT;
        """
    }

    /// Behind slow streams keeps the last line of each key, of waves that no stream has in a batch of its own: a stream
    /// that is anywhere in between still finds it. Not before there are so many more lines that it pays.
    /// - Returns: whether there was anything.
    private static let compactBehind = """
        CREATE OR REPLACE FUNCTION trunkline.compact_behind(p_lines bigint) RETURNS boolean
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            span record;
            low pg_snapshot;
            high pg_snapshot;
            before bigint;
            n bigint;
            gone bigint := 0;
        BEGIN
            -- Without the lines nobody needs to look, nor to lock, which costs a transaction id.
            SELECT compacted INTO before FROM trunkline.shared_log;
            SELECT count(*) INTO n FROM (
                SELECT FROM trunkline.change WHERE destination = '\(ChangeRange.everybody)'
                LIMIT greatest(p_lines, 2 * before)) c;
            IF n < greatest(p_lines, 2 * before) THEN RETURN false; END IF;
            PERFORM FROM trunkline.shared_log WHERE compacted = before FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN RETURN false; END IF;
            -- The waves between what some streams have formed and what all others have acked.
            FOR span IN
                SELECT formed AS after, next AS through FROM (
                    SELECT max(formed) OVER (ORDER BY acked, formed) AS formed, lead(acked) OVER (ORDER BY acked, formed) AS next
                    FROM trunkline.settled
                    UNION ALL
                    SELECT max(formed), (SELECT max(number) FROM trunkline.wave) FROM trunkline.settled
                ) s WHERE next > formed
            LOOP
                SELECT snapshot INTO low FROM trunkline.wave WHERE number <= span.after ORDER BY number DESC LIMIT 1;
                SELECT snapshot INTO high FROM trunkline.wave WHERE number <= span.through ORDER BY number DESC LIMIT 1;
                \(compaction(of: between))
                gone := gone + n;
                UPDATE trunkline.wave SET shared_total = shared_total - n WHERE number >= span.through;
            END LOOP;
            UPDATE trunkline.shared_log SET compacted =
                (SELECT count(*) FROM trunkline.change WHERE destination = '\(ChangeRange.everybody)');
            RETURN gone > 0;
        END
        $function$
        """

    /// The same of the lines for one branch alone, beyond what its stream has formed.
    private static let compactOwn = """
        CREATE OR REPLACE FUNCTION trunkline.compact_own(p_lines bigint) RETURNS boolean
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        DECLARE
            d text;
            o trunkline.outbound;
            low pg_snapshot;
            high pg_snapshot;
            n bigint;
            gone bigint := 0;
        BEGIN
            FOR d IN SELECT * FROM trunkline.destinations() LOOP
                SELECT * INTO o FROM trunkline.outbound WHERE destination = d AND d <> 'head';
                CONTINUE WHEN NOT FOUND;
                SELECT count(*) INTO n FROM (
                    SELECT FROM trunkline.change WHERE destination = d LIMIT greatest(p_lines, 2 * o.own_compacted)) c;
                CONTINUE WHEN n < greatest(p_lines, 2 * o.own_compacted);
                SELECT * INTO o FROM trunkline.outbound WHERE stream = o.stream FOR UPDATE SKIP LOCKED;
                CONTINUE WHEN NOT FOUND;
                SELECT snapshot INTO low FROM trunkline.wave WHERE number <= o.last_wave ORDER BY number DESC LIMIT 1;
                SELECT snapshot INTO high FROM trunkline.wave ORDER BY number DESC LIMIT 1;
                \(compaction(of: between.only("o.destination")))
                gone := gone + n;
                UPDATE trunkline.outbound SET own_compacted =
                    (SELECT count(*) FROM trunkline.change WHERE destination = d) WHERE stream = o.stream;
            END LOOP;
            RETURN gone > 0;
        END
        $function$
        """
}
