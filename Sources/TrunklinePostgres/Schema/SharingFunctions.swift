/// The stored functions about shared tables that join the head's.
enum SharingFunctions {
    static let all = [
        isUntaken, isJoining, isUnseen, hasRefused, isRefused, joinedTables, hasUntoldJoins, formEmptyBatch,
        readableBase,
    ]

    /// Whether the head takes no row of the table.
    private static let isUntaken = """
        CREATE OR REPLACE FUNCTION trunkline.is_untaken(p_table integer) RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            RETURN EXISTS (
                SELECT FROM trunkline.refused_row w
                WHERE w.stream = (SELECT office FROM trunkline.office) || '>head' AND w.key = '[]'
                    AND w.table_name = (SELECT name FROM trunkline.synced_table WHERE id = p_table));
        END
        $function$
        """

    /// Whether the head has not seen all of the table that was there when it began to be shared: it joins for the first time.
    private static let isUnseen = """
        CREATE OR REPLACE FUNCTION trunkline.is_unseen(p_table integer) RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            RETURN trunkline.is_untaken(p_table) OR trunkline.is_joining(p_table)
                AND NOT (SELECT has_joined FROM trunkline.synced_table WHERE id = p_table);
        END
        $function$
        """

    /// Whether the head does not have all of the table that was there when its join began.
    private static let isJoining = """
        CREATE OR REPLACE FUNCTION trunkline.is_joining(p_table integer) RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            RETURN EXISTS (SELECT FROM trunkline.load WHERE table_id = p_table)
                OR EXISTS (SELECT FROM trunkline.batch WHERE load_table = p_table AND state <> 'acked')
                OR EXISTS (SELECT FROM trunkline.synced_table WHERE id = p_table AND NOT loaded)
                OR trunkline.is_untaken(p_table);
        END
        $function$
        """

    /// Whether some rows of the table could not leave this office, so that nobody else has seen them.
    private static let hasRefused = """
        CREATE OR REPLACE FUNCTION trunkline.has_refused(p_table integer) RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            RETURN EXISTS (
                SELECT FROM trunkline.refused_row w JOIN trunkline.synced_table s ON s.name = w.table_name
                WHERE s.id = p_table AND w.at_sender);
        END
        $function$
        """

    /// Whether the row of this key is one of them.
    private static let isRefused = """
        CREATE OR REPLACE FUNCTION trunkline.is_refused(p_table integer, p_key text[]) RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            RETURN EXISTS (
                SELECT FROM trunkline.refused_row w JOIN trunkline.synced_table s ON s.name = w.table_name
                WHERE s.id = p_table AND w.at_sender AND w.stream = (SELECT office FROM trunkline.office) || '>head'
                    AND md5(w.key) = md5(array_to_json(p_key)::text) AND w.key = array_to_json(p_key)::text);
        END
        $function$
        """

    /// Those of a branch that have joined, as JSON; NULL: it has none.
    private static let joinedTables = """
        CREATE OR REPLACE FUNCTION trunkline.joined_tables(p_stream text) RETURNS text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            IF p_stream NOT LIKE '%>head' THEN RETURN NULL; END IF;
            RETURN (SELECT json_agg(json_build_object('name', s.name, 'turn', s.join_turn) ORDER BY s.id)::text
                FROM trunkline.synced_table s
                WHERE s.captured AND s.conflict IS NOT NULL AND NOT trunkline.is_joining(s.id));
        END
        $function$
        """

    /// Whether a table has joined of which no batch says so.
    private static let hasUntoldJoins = """
        CREATE OR REPLACE FUNCTION trunkline.has_untold_joins(p_stream text) RETURNS boolean
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
        AS $function$
        BEGIN
            IF p_stream NOT LIKE '%>head' THEN RETURN false; END IF;
            RETURN EXISTS (
                SELECT FROM json_array_elements(trunkline.joined_tables(p_stream)::json) j
                WHERE NOT EXISTS (
                    SELECT FROM trunkline.outbound o, json_array_elements(o.told_joined::json) t
                    WHERE o.stream = p_stream AND t ->> 'name' = j ->> 'name' AND t ->> 'turn' = j ->> 'turn'));
        END
        $function$
        """

    private static let unreadable = """
        data_exception OR integrity_constraint_violation OR syntax_error_or_access_rule_violation OR feature_not_supported
            OR program_limit_exceeded OR raise_exception
        """

    /// What a row was, without what the table of now cannot read: it was changed since.
    private static let readableBase = """
        CREATE OR REPLACE FUNCTION trunkline.readable_base(p_like anyelement, p_image json) RETURNS json
        LANGUAGE plpgsql STABLE
        AS $function$
        DECLARE
            readable json := '{}';
            v record;
        BEGIN
            PERFORM json_populate_record(p_like, p_image);
            RETURN p_image;
        EXCEPTION WHEN \(unreadable) THEN
            FOR v IN SELECT key, value FROM json_each(p_image) LOOP
                BEGIN
                    PERFORM json_populate_record(p_like, json_build_object(v.key, v.value));
                    readable := (SELECT json_object_agg(key, value) FROM (
                        SELECT key, value FROM json_each(readable) UNION ALL SELECT v.key, v.value) a);
                EXCEPTION WHEN \(unreadable) THEN
                    NULL;
                END;
            END LOOP;
            BEGIN
                PERFORM json_populate_record(p_like, readable);
                RETURN readable;
            EXCEPTION WHEN \(unreadable) THEN
                -- A column that is younger allows no row without it.
                RETURN NULL;
            END;
        END
        $function$
        """

    /// A batch that covers nothing, whose header is news.
    private static let formEmptyBatch = """
        CREATE OR REPLACE FUNCTION trunkline.form_empty_batch(p_stream text) RETURNS bigint
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        DECLARE
            o trunkline.outbound;
        BEGIN
            SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
            INSERT INTO trunkline.batch (stream, number, previous_id, after_wave, last_wave, from_transaction, from_seq,
                    to_transaction, to_seq, changes)
                VALUES (p_stream, o.last_number + 1, o.last_id, o.after_wave, o.last_wave, o.at_transaction, o.at_seq,
                    o.at_transaction, o.at_seq, 0)
                RETURNING id INTO o.last_id;
            UPDATE trunkline.outbound SET last_number = o.last_number + 1, last_id = o.last_id WHERE stream = p_stream;
            RETURN o.last_number + 1;
        END
        $function$
        """
}
