/// Values that a mapping table gave to a branch or took from one, until nobody can write a row of them any more who knows
/// the mapping as it was.
///
/// A transaction that writes a routed row while another one changes the mapping says for whom the row is by the mapping as
/// it was, and the other one does not see the row: neither would log it for the branch that it comes to, nor, where it
/// has travelled meanwhile, for the one that it leaves. (One whose snapshot is older than its first statement that writes
/// logs what it writes for all branches.) So the rows of those values
/// that were written since are logged once more, when all transactions are over that were open when the change was seen.
enum MovedValues {
    static let all = [look]

    /// `age` takes a row's transaction for an old one when it was frozen.
    private static let look = """
        CREATE OR REPLACE FUNCTION trunkline.look_at_moves() RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        SET datestyle = 'ISO, YMD' SET timezone = 'UTC' SET intervalstyle = 'iso_8601' SET extra_float_digits = 1
        SET bytea_output = 'hex' SET lock_timeout = '\(ReadingProblem.lockPatience)s'
        AS $function$
        DECLARE
            m record;
            k record;
        BEGIN
            IF NOT EXISTS (SELECT FROM trunkline.moved_value) THEN RETURN; END IF;
            UPDATE trunkline.moved_value SET seen = pg_snapshot_xmax(pg_current_snapshot()) WHERE seen IS NULL;
            FOR m IN
                WITH past AS (
                    DELETE FROM trunkline.moved_value WHERE seen <= pg_snapshot_xmin(pg_current_snapshot())
                        AND table_id NOT IN (SELECT id FROM trunkline.synced_table
                            WHERE reading_problem IS NOT NULL AND read_again_at > clock_timestamp())
                    RETURNING *
                )
                SELECT s.id, s.relation, s.route #>> '{mapping,column}' AS column_name, array_agg(p.value) AS values,
                    array_agg(p.destination) AS destinations, (array_agg(p.since ORDER BY p.since))[1] AS since
                FROM past p JOIN trunkline.synced_table s ON s.id = p.table_id AND s.captured
                    AND to_regclass(s.relation) IS NOT NULL
                GROUP BY s.id
            LOOP
                SELECT * INTO k FROM trunkline.key_of(m.id);
                CONTINUE WHEN k.texts IS NULL OR m.column_name IS NULL;
                BEGIN
                    EXECUTE format($query$
                        INSERT INTO trunkline.change (destination, transaction, table_id, key, op)
                            SELECT DISTINCT v.destination, pg_current_xact_id(), %s, %s, 'u'
                            FROM unnest($1, $2) v (value, destination) JOIN %s t ON t.%I::text = v.value
                            WHERE age(t.xmin) <= age($3::xid)
                        $query$, m.id, k.texts, m.relation, m.column_name) USING m.values, m.destinations, m.since;
                EXCEPTION WHEN syntax_error_or_access_rule_violation OR lock_not_available THEN
                    -- The table stands still: another time.
                    INSERT INTO trunkline.moved_value (table_id, value, destination, since)
                        SELECT m.id, v.value, v.destination, m.since FROM unnest(m.values, m.destinations) v (value, destination);
                END;
            END LOOP;
        END
        $function$
        """
}
