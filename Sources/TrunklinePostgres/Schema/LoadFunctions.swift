/// The stored functions of loads: a table's rows that are to travel without a line of the log, as ranges of its key.
///
/// A row of `trunkline.load` is a range that no batch covers yet, from behind `after_key` through `through_key` (NULL: from
/// the first, to the last). A batch with a `load_table` is a piece of such a range: the rows that are there when it is read.
/// Nothing can slip through: what changes after the load was begun is in the log as well.
enum LoadFunctions {
    static let all = [sourceOf, loadedFrom, keyOf, rangeOf, formPiece, begin]

    /// What the rows of a table that are for a destination are selected from. `source` is a template for `format`, which
    /// the table's rule has made; without one they are all of them.
    private static let sourceOf = """
        CREATE OR REPLACE FUNCTION trunkline.source_of(p_table integer, p_destination text) RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
            SELECT coalesce(format(source, p_destination), relation) FROM trunkline.synced_table WHERE id = p_table
        $function$
        """

    /// What a load walks along: the rows that are for the destination, or, where it sweeps, all of them.
    private static let loadedFrom = """
        CREATE OR REPLACE FUNCTION trunkline.loaded_from(p_table integer, p_destination text, p_sweeps boolean)
        RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
            SELECT CASE WHEN p_sweeps THEN (SELECT relation FROM trunkline.synced_table WHERE id = p_table)
                ELSE trunkline.source_of(p_table, p_destination) END
        $function$
        """

    /// The key of rows `t` as SQL: its columns, their texts as the log has them, and their types. NULL: a column is gone.
    ///
    /// A column whose type is an extension's is walked along as text: the operators by which it is sorted are not those
    /// that a comparison finds, which are looked for in `pg_catalog` alone.
    private static let keyOf = """
        CREATE OR REPLACE FUNCTION trunkline.key_of(p_table integer, OUT columns text, OUT texts text, OUT types text[])
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
            SELECT string_agg(CASE WHEN y.is_ours THEN format('t.%I', k.name)
                    ELSE format('t.%I::text COLLATE "C"', k.name) END, ', ' ORDER BY k.n),
                format('ARRAY[%s]', string_agg(format('t.%I::text COLLATE "C"', k.name), ', ' ORDER BY k.n)),
                array_agg(CASE WHEN y.is_ours THEN format_type(a.atttypid, a.atttypmod) ELSE 'text' END ORDER BY k.n)
            FROM trunkline.synced_table s CROSS JOIN LATERAL unnest(s.key_columns) WITH ORDINALITY k (name, n)
            LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(s.relation) AND a.attname = k.name AND NOT a.attisdropped
            LEFT JOIN LATERAL (
                WITH RECURSIVE base AS (
                    SELECT b.* FROM pg_type b WHERE b.oid = a.atttypid
                    UNION ALL SELECT b.* FROM base d JOIN pg_type b ON b.oid = d.typbasetype WHERE d.typtype = 'd'
                )
                SELECT bool_and(typtype <> 'b' OR typnamespace = 'pg_catalog'::regnamespace) AS is_ours FROM base
            ) y ON true
            WHERE s.id = p_table HAVING count(a.attname) = count(*) AND count(*) > 0
        $function$
        """

    /// The condition that rows `t` are in a range of the key.
    private static let rangeOf = """
        CREATE OR REPLACE FUNCTION trunkline.range_of(p_columns text, p_types text[], p_after text[], p_through text[])
        RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
            SELECT concat_ws(' AND ', 'true',
                (SELECT format('(%s) > (%s)', p_columns, string_agg(format('%L::%s', v, p_types[n]), ', ' ORDER BY n))
                    FROM unnest(p_after) WITH ORDINALITY a (v, n) HAVING count(*) > 0),
                (SELECT format('(%s) <= (%s)', p_columns, string_agg(format('%L::%s', v, p_types[n]), ', ' ORDER BY n))
                    FROM unnest(p_through) WITH ORDINALITY a (v, n) HAVING count(*) > 0))
        $function$
        """

    /// Forms a batch of the next rows of the oldest load that can be read; NULL: there is none. A load that cannot be read
    /// waits: the status says why its table stands still.
    private static let formPiece = """
        CREATE OR REPLACE FUNCTION trunkline.form_piece(p_stream text, p_changes integer) RETURNS bigint
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET intervalstyle = 'iso_8601' SET extra_float_digits = 1
        SET bytea_output = 'hex' SET lock_timeout = '\(ReadingProblem.lockPatience)s'
        AS $function$
        DECLARE
            o trunkline.outbound;
            l trunkline.load;
            k record;
            rows_of text;
            last text[];
            n bigint;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            FOR l IN SELECT d.* FROM trunkline.load d JOIN trunkline.synced_table s ON s.id = d.table_id AND s.captured
                WHERE d.stream = p_stream AND to_regclass(s.relation) IS NOT NULL
                    AND (s.reading_problem IS NULL OR s.read_again_at <= clock_timestamp()) ORDER BY d.id
            LOOP
                SELECT * INTO k FROM trunkline.key_of(l.table_id);
                CONTINUE WHEN k.columns IS NULL;
                rows_of := format('%s t WHERE %s', trunkline.loaded_from(l.table_id, o.destination, l.sweeps),
                    trunkline.range_of(k.columns, k.types, l.after_key, l.through_key));
                BEGIN
                    EXECUTE format('SELECT %s FROM %s ORDER BY %s OFFSET %s LIMIT 1', k.texts, rows_of, k.columns,
                        p_changes - 1) INTO last;
                    n := p_changes;
                    IF last IS NULL THEN
                        EXECUTE format('SELECT count(*) FROM %s', rows_of) INTO n;
                        last := l.through_key;
                        DELETE FROM trunkline.load WHERE id = l.id;
                    ELSE
                        UPDATE trunkline.load SET after_key = last, rows_left = greatest(rows_left - n, 0) WHERE id = l.id;
                    END IF;
                EXCEPTION WHEN lock_not_available THEN
                    UPDATE trunkline.synced_table SET reading_problem = '\(ReadingProblem.lockReason)',
                        read_again_at = clock_timestamp() + interval '\(ReadingProblem.pause) seconds'
                        WHERE id = l.table_id;
                    CONTINUE;
                WHEN insufficient_privilege OR syntax_error_or_access_rule_violation OR data_exception
                    OR raise_exception OR cardinality_violation THEN
                    UPDATE trunkline.synced_table SET
                        reading_problem = \((ReadingProblem.rulePrefix).literal) || SQLERRM || \(ReadingProblem.ruleWayOut.literal),
                        read_again_at = clock_timestamp() + interval '\(ReadingProblem.pause) seconds'
                        WHERE id = l.table_id AND source IS NOT NULL;
                    CONTINUE;
                END;
                -- Otherwise who reads the batch sees whether the rows can be read.
                IF n = 0 THEN
                    UPDATE trunkline.synced_table SET reading_problem = NULL
                        WHERE id = l.table_id AND reading_problem IS NOT NULL;
                    CONTINUE;
                END IF;
                INSERT INTO trunkline.batch (stream, number, previous_id, after_wave, last_wave, from_transaction, from_seq,
                        to_transaction, to_seq, changes, load_table, load_after, load_through, load_new,
                        load_sweeps)
                    VALUES (p_stream, o.last_number + 1, o.last_id, o.after_wave, o.last_wave, o.at_transaction, o.at_seq,
                        o.at_transaction, o.at_seq, n, l.table_id, l.after_key, last, l.is_new, l.sweeps)
                    RETURNING id INTO o.last_id;
                UPDATE trunkline.outbound SET last_number = o.last_number + 1, last_id = o.last_id, loaded_last = true
                    WHERE stream = p_stream;
                RETURN o.last_number + 1;
            END LOOP;
            RETURN NULL;
        END
        $function$
        """

    /// Begins a load of a table for one stream, or for all (NULL), in the place of one that is under way.
    ///
    /// With `p_counts` it says how many rows there are, which takes its time; what an ack causes does without.
    /// - Returns: how many rows the table has; 1 where they were not counted and there are some.
    private static let begin = """
        CREATE OR REPLACE FUNCTION trunkline.begin_load(p_table integer, p_stream text, p_new boolean, p_sweeps boolean,
            p_counts boolean)
        RETURNS bigint
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET intervalstyle = 'iso_8601' SET extra_float_digits = 1
        SET bytea_output = 'hex' SET lock_timeout = '\(ReadingProblem.lockPatience)s'
        AS $function$
        DECLARE
            t trunkline.synced_table;
            k record;
            last text[];
            n bigint;
            o trunkline.outbound;
            former record;
        BEGIN
            SELECT * INTO STRICT t FROM trunkline.synced_table WHERE id = p_table;
            BEGIN
                EXECUTE format('SELECT count(*) FROM (SELECT FROM %s %s) r', t.relation,
                    CASE WHEN p_counts THEN '' ELSE 'LIMIT 1' END) INTO n;
                -- What comes behind the last key is logged, and a piece that has no end could grow while it waits.
                SELECT * INTO k FROM trunkline.key_of(p_table);
                IF k.columns IS NOT NULL THEN
                    EXECUTE format('SELECT %s FROM %s t ORDER BY %s LIMIT 1', k.texts, t.relation,
                        replace(k.columns || ' DESC', ', t.', ' DESC, t.')) INTO last;
                END IF;
            EXCEPTION WHEN syntax_error_or_access_rule_violation OR lock_not_available THEN
                -- It stands still, and is loaded when it does not any more: no reason to refuse an ack.
                IF p_counts THEN RAISE; END IF;
                n := 1;
            END;
            UPDATE trunkline.synced_table SET has_joined = false, join_turn =
                    greatest(join_turn + 1, floor(extract(epoch FROM clock_timestamp()) / 60)::integer)
                WHERE id = p_table AND conflict IS NOT NULL;
            -- In a load there are no deletes, and the head may have left out those that it was told of.
            IF t.conflict IS NOT NULL THEN
                INSERT INTO trunkline.change (destination, transaction, table_id, key, op)
                    SELECT 'head', pg_current_xact_id(), r.table_id, r.key, 'u' FROM trunkline.shared_row r
                    WHERE r.table_id = p_table AND (r.is_dirty OR r.is_deleted)
                        AND EXISTS (SELECT FROM trunkline.office WHERE role = 'branch');
            END IF;
            FOR o IN SELECT * FROM trunkline.outbound WHERE p_stream IS NULL OR stream = p_stream LOOP
                SELECT coalesce(bool_or(l.is_new), false) AS is_new, coalesce(bool_or(l.sweeps), false) AS sweeps
                    INTO former FROM trunkline.load l WHERE l.stream = o.stream AND l.table_id = p_table;
                DELETE FROM trunkline.load WHERE stream = o.stream AND table_id = p_table;
                -- Whoever inserts the first row logs it.
                CONTINUE WHEN n = 0;
                INSERT INTO trunkline.load (stream, table_id, through_key, is_new, sweeps, rows_left)
                    VALUES (o.stream, p_table, last, p_new OR former.is_new, p_sweeps OR former.sweeps,
                        CASE WHEN p_counts AND (t.source IS NULL OR p_sweeps) THEN n END);
            END LOOP;
            RETURN n;
        END
        $function$
        """
}
