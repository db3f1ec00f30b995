/// The statements of a recovery, at the sender.
enum RecoveryStatements {
    static let state = Statement(
        "recovery_state",
        """
        SELECT a.stopped, o.recovery, o.recovery_id, o.recovery_passes, o.recovery_new_keys, o.recovery_report,
            o.recovery_returns
        FROM trunkline.outbound o JOIN trunkline.outbound_ack a USING (stream) WHERE o.stream = $1
        """)

    /// Acked batches may be pruned now.
    static let hastenPruning = Statement(
        "hasten_pruning",
        "UPDATE trunkline.batch SET acked_at = '-infinity' WHERE stream = $1 AND state = 'acked'")

    /// Changes of a cluster whose transaction ids were higher.
    static let renumberChanges = Statement(
        "renumber_changes",
        """
        WITH moved AS (
            DELETE FROM trunkline.change WHERE transaction >= pg_snapshot_xmax(pg_current_snapshot()) RETURNING *
        )
        INSERT INTO trunkline.change (destination, transaction, table_id, key, op, at)
            SELECT destination, pg_current_xact_id(), table_id, key, op, at FROM moved ORDER BY transaction, seq
        """)

    static let holdWaves = Statement("hold_waves", WaveFunctions.lockForOpening)
    /// Waves of such a cluster would be taken for newer than those that follow. Nobody opens one meanwhile.
    static let reopenWaves = Statement(
        "reopen_waves",
        """
        INSERT INTO trunkline.wave (number, snapshot, shared_total)
        SELECT number + 1, pg_current_snapshot(), shared_total FROM (
            SELECT * FROM trunkline.wave ORDER BY number DESC LIMIT 1
        ) newest WHERE pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(pg_current_snapshot())
        """)

    /// Numbers begin anew and every change that is still in the log is free again. 16 epochs back are enough: each is
    /// one recovery. What somebody else wished to have verified is asked in this epoch, unless it was answered.
    static let beginEpoch = Statement(
        "begin_epoch",
        """
        WITH dissolved AS (
            DELETE FROM trunkline.batch WHERE stream = $1 RETURNING *
        ), to_load AS (
            INSERT INTO trunkline.load (stream, table_id, after_key, through_key, is_new, sweeps, rows_left)
            SELECT stream, load_table, load_after, load_through, load_new, load_sweeps, changes FROM dissolved
            WHERE load_table IS NOT NULL AND state <> 'acked' ORDER BY number
        ), withdrawn AS (
            DELETE FROM trunkline.verification_request r USING trunkline.outbound o
            WHERE r.stream = $1 AND o.stream = $1 AND r.id = o.recovery_id
        ), asked_again AS (
            UPDATE trunkline.verification_request r SET formed_number = NULL FROM trunkline.outbound o
            WHERE r.stream = $1 AND o.stream = $1 AND r.id IS DISTINCT FROM o.recovery_id AND \(SenderStatements.isUnanswered)
        ), cleared AS (
            UPDATE trunkline.outbound_ack SET watermark = 0, set_aside_version = -1, stopped = NULL,
                halt_untold = false
            WHERE stream = $1
        )
        UPDATE trunkline.outbound SET
            past_epochs = (SELECT coalesce(array_agg(e ORDER BY n), '{}') FROM (
                SELECT e, n FROM unnest(past_epochs || epoch || receiver_epoch) WITH ORDINALITY AS p (e, n)
                WHERE e IS NOT NULL ORDER BY n DESC LIMIT 16) recent),
            receiver_epoch = NULL, cluster = \(MoveCheck.here), epoch = gen_random_uuid(), last_number = 0, last_id = NULL, after_wave = 0,
            last_wave = 0, at_transaction = '0', at_seq = 0, at_end = false, taken = 0, recovery_new_keys = $2, recovery_report = NULL,
            told_joined = '[]'
        WHERE stream = $1
        """)

    static let set = Statement(
        "recovery_set",
        """
        UPDATE trunkline.outbound SET recovery = $2, recovery_id = $3, recovery_passes = $4, recovery_returns = $5
        WHERE stream = $1
        """)

    static let resent = Statement(
        "recovery_resent", "UPDATE trunkline.outbound SET resent_at = clock_timestamp() WHERE stream = $1")

    static let report = Statement(
        "recovery_report", "UPDATE trunkline.outbound SET recovery_report = $2 WHERE stream = $1")

    /// What must be granted so that rows of the table `$1` with the key `$2` can be put aside, or get new keys (`$3`), and
    /// the receiver's can come in their place (`$4`); NULL: nothing.
    static let missingPrivileges = Statement(
        "recovery_missing_privileges",
        """
        SELECT string_agg(command, '; ') FROM (
            SELECT format('GRANT DELETE ON %s TO %I', $1::text, current_user) AS command
            WHERE NOT has_table_privilege($1::text, 'DELETE')
            UNION ALL
            SELECT format('GRANT UPDATE ON %s TO %I', $1::text, current_user)
            WHERE ($3::boolean OR $4::boolean) AND NOT has_table_privilege($1::text, 'UPDATE')
            UNION ALL
            SELECT format('GRANT INSERT ON %s TO %I', $1::text, current_user)
            WHERE $4::boolean AND NOT has_table_privilege($1::text, 'INSERT')
            UNION ALL
            SELECT format('GRANT SELECT, UPDATE ON SEQUENCE %s TO %I', sequence, current_user)
            FROM unnest($2::text[]) k CROSS JOIN LATERAL pg_get_serial_sequence($1::text, k) sequence
            WHERE sequence IS NOT NULL AND cardinality($2::text[]) = 1
                AND NOT (has_sequence_privilege(sequence, 'UPDATE') AND has_sequence_privilege(sequence, 'SELECT'))
        ) missing
        """)

    /// The condition that rows `t` of the table `$2` are in what a first load of the stream `$1` has still to bring, or in
    /// an unacked piece of one; NULL: there is none.
    static let unackedLoads = Statement(
        "unacked_loads",
        """
        SELECT string_agg('(' || trunkline.range_of(k.columns, k.types, l.after_key, l.through_key) || ')', ' OR ')
        FROM trunkline.key_of($2) k, (
            SELECT after_key, through_key FROM trunkline.load WHERE stream = $1 AND table_id = $2 AND is_new
            UNION ALL
            SELECT load_after, load_through FROM trunkline.batch
            WHERE stream = $1 AND load_table = $2 AND load_new AND state <> 'acked'
        ) l
        """)

    static let putAside = "INSERT INTO trunkline.superseded_row (stream, table_name, row, reason)"

    /// The synced tables whose rows refer to rows of the table `$1`, with the condition for child `c` and parent `p`.
    static let referringTables = Statement(
        "referring_tables",
        """
        SELECT s.name, (
            SELECT string_agg(format('c.%I = p.%I', child.attname, parent.attname), ' AND ')
            FROM unnest(f.conkey, f.confkey) AS pair (child, parent)
            JOIN pg_attribute child ON child.attrelid = f.conrelid AND child.attnum = pair.child
            JOIN pg_attribute parent ON parent.attrelid = f.confrelid AND parent.attnum = pair.parent)
        FROM pg_constraint f JOIN trunkline.synced_table s ON s.captured AND to_regclass(s.relation) = f.conrelid
        WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confrelid = to_regclass($1)
        """)

    /// Why rows of the table `$1` with the key `$2` cannot get new keys; NULL: they can.
    static let obstacleToNewKeys = Statement(
        "obstacle_to_new_keys",
        """
        SELECT CASE
            WHEN cardinality($2::text[]) <> 1 OR pg_get_serial_sequence($1::text, ($2::text[])[1]) IS NULL
                OR NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass($1::text)
                    AND attname = ($2::text[])[1] AND atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype))
                THEN 'its key is not one integer column that the database fills'
            ELSE (
                SELECT 'rows of ' || string_agg(DISTINCT
                    CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname, ', ')
                    || ' refer to it'
                FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confrelid = to_regclass($1::text))
            END
        """)
}
