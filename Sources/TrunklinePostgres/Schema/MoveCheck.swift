/// Whether the database has come from another server, as a dump, and was written to there.
///
/// What a stream has sent is known by transaction ids, which mean nothing on another server: a change that was made under
/// a lower one there would count as sent long ago. So each stream knows the server's identity (`pg_control_system`), and
/// at each connect it is compared. Where it is another one and no such change is there, as after `pg_upgrade`, which goes
/// on with the ids, that one is noted; else the stream stops, for a person.
enum MoveCheck {
    static let migration = """
        ALTER TABLE trunkline.outbound ADD COLUMN cluster bigint;
        UPDATE trunkline.outbound SET cluster = \(here);

        """

    static let here = "(SELECT system_identifier FROM pg_control_system())"

    static let isMoved = Statement(
        "is_moved", "SELECT EXISTS (SELECT FROM trunkline.outbound WHERE cluster <> \(here))")

    static let check = Statement("check_move", "SELECT trunkline.check_move()")

    /// Of lower ids than the newest wave's the claim takes care. At the head lines are shared and nobody knows how
    /// many each stream has of them: while any is there that a stream may have passed, it stops.
    static let function = """
        CREATE OR REPLACE FUNCTION trunkline.check_move() RETURNS void
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
        AS $function$
        DECLARE
            moved record;
        BEGIN
            FOR moved IN SELECT p.* FROM trunkline.position p JOIN trunkline.outbound o USING (stream) WHERE o.cluster <> \(here)
            LOOP
                IF moved.destination <> 'head' AND EXISTS (SELECT FROM trunkline.change c
                        WHERE c.destination IN ('all', moved.destination) AND pg_visible_in_snapshot(c.transaction, moved.upper))
                    OR moved.destination = 'head' AND (SELECT count(*) FROM trunkline.change c WHERE pg_visible_in_snapshot(c.transaction, moved.upper)
                        AND (pg_visible_in_snapshot(c.transaction, moved.lower)
                            OR (c.transaction, c.seq) <= (moved.at_transaction, moved.at_seq)))
                    <> (SELECT coalesce(sum(changes), 0) FROM trunkline.batch b
                        WHERE b.stream = moved.stream AND b.load_table IS NULL)
                THEN
                    UPDATE trunkline.outbound_ack SET halt_untold = true,
                        stopped = 'this database was moved to another server as a dump, and written to there before this was noticed'
                        WHERE stream = moved.stream AND stopped IS NULL;
                ELSIF pg_snapshot_xmax(pg_current_snapshot()) >= pg_snapshot_xmax(moved.upper) THEN
                    UPDATE trunkline.outbound SET cluster = \(here) WHERE stream = moved.stream;
                END IF;
            END LOOP;
        END
        $function$
        """
}
