internal import TrunklineCore

/// The view `trunkline.row_status`: every row of every synced table, and every delete under way,
/// with the state a user sees.
///
/// It is a view of a function that asks the catalog at each call, so that nothing of ours depends on the user's tables:
/// the application may alter and drop them as it likes. It reads them with the privileges of whoever asks.
enum RowStatusView {
    static let statements = [changeState, rowStates, allRowStates, view]

    /// Says for each logged change whether its batch was sent.
    private static let changeState = """
        CREATE OR REPLACE VIEW trunkline.change_state AS
        SELECT s.name AS table_name, q.stream, q.key,
            CASE WHEN bool_or(q.state = 'pending') THEN 'pending' ELSE 'sent' END AS state
        FROM (
            SELECT stream, table_id, key, 'pending' AS state FROM trunkline.unbatched
            UNION ALL
            SELECT o.stream, h.table_id, h.key, 'pending' FROM trunkline.held_change h
            JOIN trunkline.outbound o USING (destination)
            UNION ALL
            SELECT b.stream, c.table_id, c.key, b.state FROM (
                SELECT b.*, o.destination, before.snapshot AS lower, last.snapshot AS upper FROM trunkline.batch b
                JOIN trunkline.outbound o USING (stream)
                JOIN trunkline.wave before ON before.number = b.after_wave
                JOIN trunkline.wave last ON last.number = b.last_wave
                WHERE b.state <> 'acked' OFFSET 0
            ) b JOIN trunkline.change c
                ON c.destination IN ('\(ChangeRange.everybody)', b.destination)
                AND (c.transaction, c.seq) > (b.from_transaction, b.from_seq)
                AND (c.transaction, c.seq) <= (b.to_transaction, b.to_seq)
                AND NOT pg_visible_in_snapshot(c.transaction, b.lower)
                AND pg_visible_in_snapshot(c.transaction, b.upper)
                AND c.table_id <> ALL (b.without)
        ) q JOIN trunkline.synced_table s ON s.id = q.table_id
        GROUP BY s.name, q.stream, q.key
        """

    /// A reason of one of several branches, in a listing for all of them, begins with its name.
    private static func toldReason(_ stream: String) -> String {
        """
        CASE WHEN \(stream) IS NULL AND NOT w.at_sender AND split_part(w.stream, '>', 1) = '\(OfficeID.head)'
        THEN split_part(w.stream, '>', 2) || ': ' ELSE '' END || w.reason
        """
    }

    /// Of one table, or of all (NULL). Of a table whose capture is not complete just now nothing is called acked. A table
    /// that is gone, or has lost a column of its key, has no rows here, only its changes. As one stream sees it (`p_stream`),
    /// or, of a table that is for many, as the one that is furthest behind.
    ///
    /// With `p_first` only of so many rows, the first in the order of the key. Their keys are then told to the scan of the
    /// log as a constant, so that it takes one look at each change and sorts nothing, on two processors where the planner
    /// is told that few are found (it expects a tenth of the log). An index would cost every sale a quarter more.
    private static let rowStates = """
        CREATE OR REPLACE FUNCTION trunkline.row_states(p_table text, p_first integer, p_stream text)
        RETURNS TABLE (table_name text, key text[], state text, deleted boolean, reason text)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET intervalstyle = 'iso_8601' SET extra_float_digits = 1
        SET bytea_output = 'hex'
        SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0 SET max_parallel_workers_per_gather = 2
        AS $function$
        DECLARE
            t record;
            found text;
            loading text;
            first_keys text[];
            whole text;
            routed text;
        BEGIN
            FOR t IN SELECT s.id, s.name, s.relation,
                    -- Whether a row is for any branch.
                    CASE WHEN s.direction = 'up' OR s.reading_problem IS NOT NULL THEN 'true'
                        -- The branch may have been removed.
                        WHEN p_stream IS NOT NULL
                            THEN format('EXISTS (SELECT FROM trunkline.outbound WHERE stream = %L)', p_stream)
                        WHEN s.source IS NULL THEN 'EXISTS (SELECT FROM trunkline.outbound)'
                        ELSE format('EXISTS (SELECT FROM trunkline.outbound) AND EXISTS (SELECT FROM %s x WHERE %s)',
                            format(regexp_replace(s.source, '(^|[^%])%1\\$L', '\\1%1$s', 'g'),
                                'ANY (ARRAY(SELECT destination FROM trunkline.outbound))'),
                            string_agg(format('x.%I = t.%I', k.name, k.name), ' AND ')) END AS routed,
                    CASE WHEN p_stream IS NULL THEN s.relation
                        ELSE trunkline.source_of(s.id, split_part(p_stream, '>', 2)) END AS source, cardinality(s.key_columns) AS width,
                    string_agg(format('t.%I::text COLLATE "C"', k.name), ', ' ORDER BY k.n) AS key,
                    string_agg(format('t.%I', k.name), ', ' ORDER BY k.n) AS typed,
                    string_agg(format('format(''%%s'', t.%I) COLLATE "C"', k.name), ', ' ORDER BY k.n) AS written,
                    count(a.attname) AS present,
                    bool_and(s.loaded AND s.fingerprint IS NOT NULL) AND (
                        SELECT count(*) >= count(DISTINCT g.tgrelid) * CASE WHEN bool_or(c.relkind = 'p') THEN 2 ELSE 4 END
                        FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
                        JOIN pg_proc p ON p.oid = g.tgfoid AND p.proname LIKE 'capture\\_%\\_' || s.id
                        WHERE g.tgrelid = to_regclass(s.relation) AND \(Statements.fires)
                        HAVING count(*) > 0) IS TRUE AS whole
                FROM trunkline.synced_table s CROSS JOIN LATERAL unnest(s.key_columns) WITH ORDINALITY k (name, n)
                LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(s.relation) AND a.attname = k.name
                    AND NOT a.attisdropped
                WHERE s.captured AND (p_table IS NULL OR s.name = p_table)
                GROUP BY s.id
            LOOP
                -- What a load has still to bring, and its pieces that are not acked.
                SELECT 'CASE ' || string_agg(format('WHEN %s THEN %L', l.range, l.state), ' ' ORDER BY l.state) || ' END'
                INTO loading FROM (
                    SELECT DISTINCT trunkline.range_of(k.columns, k.types, d.after_key, d.through_key) AS range, d.state
                    FROM trunkline.key_of(t.id) k, (
                        SELECT stream, after_key, through_key, 'pending' AS state FROM trunkline.load WHERE table_id = t.id
                        UNION ALL
                        SELECT b.stream, b.load_after, b.load_through, b.state FROM trunkline.batch b
                        WHERE b.load_table = t.id AND b.state <> 'acked'
                    ) d WHERE p_stream IS NULL OR d.stream = p_stream
                ) l;
                routed := t.routed;
                BEGIN
                    EXECUTE format('SELECT %s FROM %s t LIMIT 0', routed, t.relation);
                EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
                    -- The table stands still, and says why.
                    routed := 'true';
                END;
                found := CASE WHEN t.present = t.width
                    THEN format('SELECT ARRAY[%s] AS key, ARRAY[%s] AS written, %s AS loading, %s AS routed FROM %s t',
                            t.key, t.written, coalesce(loading, 'NULL::text'), routed, t.source)
                        || coalesce(format(' ORDER BY %s LIMIT ', t.typed) || p_first, '')
                    ELSE 'SELECT NULL::text[] AS key, NULL::text[] AS written, NULL::text AS loading, true AS routed
                        WHERE false' END;
                -- Of a table that takes no row.
                SELECT \(toldReason("p_stream")) INTO whole FROM trunkline.refused_row w WHERE w.table_name = t.name AND w.key = '[]'
                    AND (p_stream IS NULL OR w.stream = p_stream) LIMIT 1;
                IF p_first IS NOT NULL THEN
                    EXECUTE format('SELECT array_agg(DISTINCT r.key[1]) FROM (%s) r', found) INTO first_keys;
                END IF;
                RETURN QUERY EXECUTE format($query$
                    SELECT %1$L::text, coalesce(r.key, s.key),
                        CASE WHEN r.loading IS NOT NULL AND r.routed THEN least(r.loading, s.state)
                            WHEN s.key IS NULL AND NOT r.routed THEN '\(RowState.unrouted.rawValue)'
                            WHEN f.reason IS NOT NULL AND s.key IS NULL THEN 'set aside'
                            ELSE coalesce(s.state, CASE WHEN %3$L THEN 'acked' ELSE 'pending' END) END,
                        r.key IS NULL, f.reason
                    FROM (%2$s) r
                    %4$s JOIN (SELECT c.key, min(c.state) AS state FROM trunkline.change_state c
                            WHERE c.table_name = %1$L AND (%6$L IS NULL OR c.stream = %6$L) %5$s GROUP BY c.key) s
                        ON s.key = r.key
                    LEFT JOIN LATERAL (
                        SELECT \(toldReason("%6$L")) AS reason FROM trunkline.refused_row w WHERE w.table_name = %1$L
                            AND (%6$L IS NULL OR w.stream = %6$L) AND md5(w.key) = md5(to_json(coalesce(r.written, s.key))::text)
                            AND w.key = to_json(coalesce(r.written, s.key))::text
                        UNION ALL SELECT %7$L WHERE %7$L IS NOT NULL LIMIT 1
                    ) f ON true
                    $query$, t.name, found, t.whole, CASE WHEN p_first IS NULL THEN 'FULL' ELSE 'LEFT' END,
                    CASE WHEN p_first IS NOT NULL
                        THEN format('AND c.key[1] = ANY (%L::text[])', coalesce(first_keys, '{}')) END, p_stream, whole);
                -- Deletes that the other side set aside, and all rows of a table that it stores in part.
                IF p_first IS NULL THEN
                    RETURN QUERY EXECUTE format($query$
                        SELECT %1$L::text, CASE WHEN w.key = '[null]' THEN ARRAY['\(ReceivedLine.allRows)']
                                ELSE ARRAY(SELECT json_array_elements_text(w.key::json)) END,
                            'set aside', w.key <> '[null]', \(toldReason("%3$L"))
                        FROM trunkline.refused_row w WHERE w.table_name = %1$L AND (%3$L IS NULL OR w.stream = %3$L)
                            AND w.key <> '[]'
                            AND NOT EXISTS (SELECT FROM (%2$s) r WHERE to_json(r.written)::text = w.key)
                            AND NOT EXISTS (SELECT FROM trunkline.change_state c
                                WHERE c.table_name = %1$L AND to_json(c.key)::text = w.key)
                        $query$, t.name, found, p_stream);
                END IF;
            END LOOP;
        END
        $function$
        """

    private static let allRowStates = """
        CREATE OR REPLACE FUNCTION trunkline.row_states(p_table text)
        RETURNS TABLE (table_name text, key text[], state text, deleted boolean, reason text)
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
        AS 'SELECT * FROM trunkline.row_states(p_table, NULL, NULL)'
        """

    private static let view = """
        CREATE OR REPLACE VIEW trunkline.row_status AS
        SELECT table_name, key, state, deleted, reason FROM trunkline.row_states(NULL)
        """
}
