extension Migrations {
    /// Waves become rows; streams and batches refer to them.
    ///
    /// A wave is the snapshot at which it was opened: what it sees and the wave before does not. So far each batch said
    /// in itself what its wave covers: transactions that were in progress in the snapshot before (`late`) or began later
    /// (`>= floor`), and are visible in `upper`. Of each of these both snapshots become waves. The first is put together
    /// again: in progress in it were the late ones, and those before `floor` that `upper` still has in progress.
    static let waves = """
        CREATE TABLE trunkline.wave (
            number bigint PRIMARY KEY,
            snapshot pg_snapshot NOT NULL,
            opened_at timestamptz NOT NULL DEFAULT now()
        );
        INSERT INTO trunkline.wave (number, snapshot) VALUES (0, '1:1:');
        DROP VIEW IF EXISTS trunkline.change_state;
        DROP VIEW IF EXISTS trunkline.unbatched;
        DROP VIEW IF EXISTS trunkline.news;
        DROP FUNCTION IF EXISTS trunkline.open_wave(trunkline.outbound), trunkline.compact_wave(trunkline.outbound),
            trunkline.next_cut(trunkline.outbound, bigint), trunkline.oldest_unsent(trunkline.outbound);
        ALTER TABLE trunkline.outbound
            ADD COLUMN after_wave bigint NOT NULL DEFAULT 0,
            ADD COLUMN last_wave bigint NOT NULL DEFAULT 0;
        ALTER TABLE trunkline.batch
            ADD COLUMN after_wave bigint NOT NULL DEFAULT 0,
            ADD COLUMN last_wave bigint NOT NULL DEFAULT 0;
        CREATE TABLE trunkline.former_wave AS
            SELECT late, greatest(floor, '1'::xid8) AS floor, upper::pg_snapshot AS upper,
                2 * row_number() OVER (ORDER BY pg_snapshot_xmax(upper::pg_snapshot), min(number)) AS number
            FROM (
                SELECT late, floor, upper::text, number FROM trunkline.batch
                UNION ALL
                SELECT late, floor, upper::text, NULL FROM trunkline.outbound
            ) w
            WHERE upper <> '1:1:' GROUP BY late, w.floor, upper;
        INSERT INTO trunkline.wave (number, snapshot)
            SELECT number - 1, (
                SELECT (coalesce((array_agg(x ORDER BY x))[1], floor)::text || ':' || floor::text || ':'
                    || coalesce(string_agg(x::text, ',' ORDER BY x), ''))::pg_snapshot
                FROM (
                    SELECT unnest(late) AS x
                    UNION
                    SELECT x FROM pg_snapshot_xip(upper) x WHERE x < floor
                ) in_progress)
            FROM trunkline.former_wave
            UNION ALL
            SELECT number, upper FROM trunkline.former_wave;
        UPDATE trunkline.batch b SET after_wave = f.number - 1, last_wave = f.number FROM trunkline.former_wave f
            WHERE b.late = f.late AND greatest(b.floor, '1'::xid8) = f.floor AND b.upper::text = f.upper::text;
        UPDATE trunkline.outbound o SET after_wave = f.number - 1, last_wave = f.number FROM trunkline.former_wave f
            WHERE o.late = f.late AND greatest(o.floor, '1'::xid8) = f.floor AND o.upper::text = f.upper::text;
        DROP TABLE trunkline.former_wave;
        ALTER TABLE trunkline.outbound DROP COLUMN late, DROP COLUMN floor, DROP COLUMN upper;
        ALTER TABLE trunkline.batch DROP COLUMN late, DROP COLUMN floor, DROP COLUMN upper,
            ALTER COLUMN after_wave DROP DEFAULT, ALTER COLUMN last_wave DROP DEFAULT;

        """
}
