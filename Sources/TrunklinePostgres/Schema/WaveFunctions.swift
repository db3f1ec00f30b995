/// The stored functions that cut waves into batches.
///
/// A wave is the changes that its snapshot sees and the wave before did not. Transactions that it does not see, because
/// they were open when it began, are never looked at: an open transaction of millions of changes costs nothing.
enum WaveFunctions {
    static let all = [xidBefore, gaps, openWave, nextCut, formBatch, compactWave, oldestUnsent]

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

    /// The wave after the one of `o`, as of now.
    private static let openWave = """
        CREATE OR REPLACE FUNCTION trunkline.open_wave(o trunkline.outbound) RETURNS trunkline.outbound
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        DECLARE
            snapshot pg_snapshot := pg_current_snapshot();
        BEGIN
            o.late := ARRAY(SELECT x FROM pg_snapshot_xip(o.upper) x WHERE pg_visible_in_snapshot(x, snapshot)
                ORDER BY x);
            o.floor := pg_snapshot_xmax(o.upper);
            o.upper := snapshot;
            o.at_transaction := '0';
            o.at_seq := 0;
            RETURN o;
        END
        $function$
        """

    /// The position of the last of the next `p_changes` changes of the wave of `o`, and how many they are: 0 when the
    /// wave is used up. Full batches are found by stepping over the index, the rest of a range by counting it.
    private static let nextCut = """
        CREATE OR REPLACE FUNCTION trunkline.next_cut(o trunkline.outbound, p_changes bigint,
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
            FOR x IN SELECT DISTINCT e FROM unnest(o.late || o.at_transaction) e
                WHERE e >= o.at_transaction AND (e = ANY (o.late) OR e >= o.floor)
                    AND pg_visible_in_snapshot(e, o.upper) ORDER BY e
            LOOP
                \(advance("transaction = x AND seq > CASE WHEN x = o.at_transaction THEN o.at_seq ELSE 0 END", "seq"))
            END LOOP;
            FOR g IN SELECT * FROM trunkline.gaps(o.upper, greatest(o.at_transaction, trunkline.xid_before(o.floor)),
                pg_snapshot_xmax(o.upper))
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
            SELECT transaction, seq INTO t, s FROM trunkline.change WHERE \(range)
                ORDER BY \(order) OFFSET p_changes - n - 1 LIMIT 1;
            IF FOUND THEN
                step := p_changes - n;
            ELSE
                SELECT transaction, seq, (SELECT count(*) FROM trunkline.change WHERE \(range)) INTO t, s, step
                    FROM trunkline.change WHERE \(range) ORDER BY \(descending) LIMIT 1;
                CONTINUE WHEN NOT FOUND;
            END IF;
            IF n = 0 THEN
                SELECT at INTO oldest FROM trunkline.change WHERE \(range) ORDER BY \(order) LIMIT 1;
            END IF;
            n := n + step;
            cut_transaction := t;
            cut_seq := s;
            IF n >= p_changes THEN RETURN; END IF;
            """
    }

    /// Cuts the next batch, from the wave that is open or from a new one.
    private static let formBatch = """
        CREATE OR REPLACE FUNCTION trunkline.form_batch(p_stream text, p_changes integer) RETURNS bigint
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        DECLARE
            o trunkline.outbound;
            cut record;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            SELECT * INTO cut FROM trunkline.next_cut(o, p_changes);
            IF cut.n = 0 THEN
                o := trunkline.open_wave(o);
                SELECT * INTO cut FROM trunkline.next_cut(o, p_changes);
                IF cut.n = 0 THEN RETURN NULL; END IF;
                IF cut.n >= p_changes THEN
                    PERFORM trunkline.compact_wave(o);
                    SELECT * INTO cut FROM trunkline.next_cut(o, p_changes);
                END IF;
            END IF;
            INSERT INTO trunkline.batch (stream, number, previous_id, late, floor, upper, from_transaction, from_seq,
                    to_transaction, to_seq, changes, oldest_at)
                VALUES (p_stream, o.last_number + 1, o.last_id, o.late, o.floor, o.upper, o.at_transaction, o.at_seq,
                    cut.cut_transaction, cut.cut_seq, cut.n, cut.oldest)
                RETURNING id INTO o.last_id;
            UPDATE trunkline.outbound SET last_number = o.last_number + 1, last_id = o.last_id, late = o.late,
                floor = o.floor, upper = o.upper, at_transaction = cut.cut_transaction, at_seq = cut.cut_seq
                WHERE stream = p_stream;
            RETURN o.last_number + 1;
        END
        $function$
        """

    /// The whole of a wave that was just opened.
    private static let wave = ChangeRange(
        late: "o.late", floor: "o.floor", upper: "o.upper", from: ("'0'::xid8", "0"),
        to: ("pg_snapshot_xmax(o.upper)", "0"))

    /// Keeps the first change of each key of a wave that is larger than a batch: every image of the
    /// wave is read after its snapshot, so one of them says it all. The first, because a parent's
    /// first change comes before its children's.
    private static let compactWave = """
        CREATE OR REPLACE FUNCTION trunkline.compact_wave(o trunkline.outbound) RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_bitmapscan = off SET enable_seqscan = off
        AS $function$
        BEGIN
            IF EXISTS (SELECT FROM (\(wave.select("op"))) w WHERE op <> 'i') THEN
                DELETE FROM trunkline.change c USING (
                    SELECT transaction, seq,
                        row_number() OVER (PARTITION BY table_id, key ORDER BY transaction, seq) AS occurrence
                    FROM (
                        \(wave.select("transaction, seq, table_id, key"))
                    ) w
                ) d WHERE d.occurrence > 1 AND c.transaction = d.transaction AND c.seq = d.seq;
            END IF;
        END
        $function$
        """

    /// When the first change was made that belongs to no batch yet.
    private static let oldestUnsent = """
        CREATE OR REPLACE FUNCTION trunkline.oldest_unsent(o trunkline.outbound) RETURNS timestamptz
        LANGUAGE sql SET search_path = pg_catalog, pg_temp
        AS $function$
            SELECT least((trunkline.next_cut(o, 1)).oldest, (trunkline.next_cut(trunkline.open_wave(o), 1)).oldest)
        $function$
        """
}
