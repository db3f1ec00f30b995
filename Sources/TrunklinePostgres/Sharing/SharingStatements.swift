import TrunklineCore

/// The statements about conflicts and joins.
enum SharingStatements {
    /// A join that says the same once more is no other conflict.
    static let keepConflict = Statement(
        "keep_conflict",
        """
        INSERT INTO trunkline.conflict (table_name, key, branch, kind, outcome, details, summary, bytes)
        SELECT $1, $2, $3::text, $4::text, $5, $6::text, $7, octet_length($6::text)
        WHERE $4::text <> 'join' OR NOT EXISTS (
            SELECT FROM trunkline.conflict WHERE branch = $3::text AND bytes = octet_length($6::text) AND details = $6::text)
        """)
    static let conflictSize = Statement(
        "conflict_size",
        "SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM trunkline.conflict WHERE branch = $1")
    /// Triggers and rules of the table `$1`, or of a partition of it, that are not ours.
    static let hasTriggers = Statement(
        "has_triggers",
        """
        WITH parts AS (
            SELECT to_regclass($1)::oid AS oid UNION SELECT relid::oid FROM pg_partition_tree(to_regclass($1)))
        SELECT EXISTS (SELECT FROM pg_trigger g JOIN parts p ON g.tgrelid = p.oid WHERE NOT g.tgisinternal
                AND g.tgname NOT LIKE 'trunkline\\_%')
            OR EXISTS (SELECT FROM pg_rewrite r JOIN parts p ON r.ev_class = p.oid)
        """)
    static let joins = Statement("joins", "SELECT stream, joined FROM trunkline.inbound WHERE joined <> '[]'")
    /// Those of all branches, and of none another one comes until the transaction ends.
    static let lockJoins = Statement(
        "lock_joins", "SELECT stream, joined FROM trunkline.inbound ORDER BY stream FOR UPDATE")
    static let refusedRows = Statement(
        "refused_rows",
        "SELECT key, min(reason) FROM trunkline.refused_row WHERE table_name = $1 AND at_sender AND key <> '[]' GROUP BY key"
    )
    static let joined = Statement("joined", "SELECT joined FROM trunkline.inbound WHERE stream = $1")
    /// A load says what is there. A row that went while its branch was joining is still there, where the line of its delete
    /// was left out.
    static let tellDeletes = Statement(
        "tell_deletes",
        """
        INSERT INTO trunkline.change (destination, transaction, table_id, key, op)
        SELECT p.destination, pg_current_xact_id(), s.table_id, s.key, 'u'
        FROM trunkline.shared_row s, trunkline.position p
        WHERE s.table_id = $1 AND s.is_deleted AND p.stream = $2 AND NOT EXISTS (
            SELECT FROM trunkline.change c
            WHERE c.table_id = s.table_id AND c.key = s.key AND c.destination = p.destination
                AND c.transaction >= pg_snapshot_xmax(p.upper))
        """)
    static let noteJoined = Statement("note_joined", "UPDATE trunkline.inbound SET joined = $2 WHERE stream = $1")
    /// What a batch says of them is noted, so that no other one need.
    static let noteToldJoined = Statement(
        "note_told_joined",
        """
        WITH seen AS (
            UPDATE trunkline.synced_table SET has_joined = true
            WHERE NOT has_joined AND name IN (SELECT j ->> 'name' FROM json_array_elements($2::text::json) j)
        )
        UPDATE trunkline.outbound SET told_joined = $2::text WHERE stream = $1
        """)
    static let seenTables = Statement(
        "seen_tables",
        "SELECT coalesce(array_agg(id), '{}')::text FROM trunkline.synced_table WHERE has_joined AND conflict IS NOT NULL"
    )
    static let noteSeen = Statement(
        "note_seen", "UPDATE trunkline.synced_table SET has_joined = true WHERE id = ANY ($1::integer[])")
    /// Whether the loads of a table begin when branches have joined it.
    static let waitsForBranches = Statement(
        "waits_for_branches",
        """
        SELECT conflict IS NOT NULL AND (SELECT role FROM trunkline.office) = 'head' FROM trunkline.synced_table
        WHERE id = $1
        """)
    /// Of a table that is not shared any more.
    static let forgetVersions = Statement(
        "forget_versions",
        """
        WITH unshared AS (SELECT id FROM trunkline.synced_table WHERE id = $1 AND conflict IS NULL), changes AS (
            DELETE FROM trunkline.applied_change USING unshared WHERE table_id = unshared.id)
        DELETE FROM trunkline.shared_row USING unshared WHERE table_id = unshared.id
        """)
    /// For an epoch in which the head may know nothing of them.
    static let beginJoins = Statement(
        "begin_joins",
        """
        SELECT trunkline.begin_load(s.id, $1, false, false, false) FROM trunkline.synced_table s
        WHERE s.captured AND s.conflict IS NOT NULL ORDER BY s.id
        """)

    static let plannedTables = Statement(
        "planned_tables", "SELECT planned_tables FROM trunkline.office WHERE planned_tables <> '[]'")
    static let plan = Statement("plan", "UPDATE trunkline.office SET planned_tables = $1")

    private static let conflictColumns = conflictColumns("details")
    private static func conflictColumns(_ details: String) -> String {
        """
        id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), \(details),
            to_char(resolved_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), resolution
        """
    }
    static let isWaiting = "outcome = 'waiting' AND resolved_at IS NULL"
    static let conflict = Statement(
        "conflict", "SELECT \(conflictColumns) FROM trunkline.conflict WHERE id = $1")
    static let lockConflict = Statement(
        "lock_conflict", "SELECT \(conflictColumns) FROM trunkline.conflict WHERE id = $1 FOR UPDATE")
    static let conflicts = Statement("conflicts", conflicts("details"))
    static let conflictSummaries = Statement("conflict_summaries", conflicts("coalesce(summary, details)"))
    private static func conflicts(_ details: String) -> String {
        """
        SELECT \(conflictColumns(details)) FROM trunkline.conflict WHERE (NOT $1::boolean OR \(isWaiting))
            AND ($2::text IS NULL OR table_name = $2) AND ($3::text IS NULL OR branch = $3)
            AND ($5::bigint IS NULL OR id < $5) ORDER BY id DESC LIMIT $4
        """
    }
    static let waitingConflicts = Statement(
        "waiting_conflicts", "SELECT count(*) FROM trunkline.conflict WHERE \(isWaiting)")
    static let noteResolved = Statement(
        "note_resolved",
        "UPDATE trunkline.conflict SET resolved_at = clock_timestamp(), resolution = $2 WHERE id = $1")

    /// What was decided long ago, and deletes that nobody need be told of any more: some of them.
    static let forget = Statement(
        "forget_sharing",
        """
        WITH conflicts AS (
            DELETE FROM trunkline.conflict WHERE id IN (
                SELECT id FROM trunkline.conflict WHERE NOT (\(isWaiting))
                    AND coalesce(resolved_at, at) < now() - interval '\(ConflictRecord.retentionDays) days' LIMIT 500)
            RETURNING 1
        ), deletes AS (
            -- One that a program makes again just now is none when this has waited for it.
            DELETE FROM trunkline.shared_row WHERE is_deleted AND NOT is_dirty AND (table_id, key) IN (
                SELECT table_id, key FROM trunkline.shared_row s, trunkline.office o
                WHERE s.is_deleted AND NOT s.is_dirty
                    AND coalesce(s.noted_at, s.clock) < (extract(epoch FROM now()) * 1000)::bigint
                        - 86400000::bigint * CASE o.role WHEN 'head' THEN \(DeleteMemory.daysAtHead) ELSE \(DeleteMemory.daysAtBranch) END
                    -- Some stream has not passed it.
                    AND NOT EXISTS (SELECT FROM trunkline.change c WHERE c.table_id = s.table_id AND c.key = s.key)
                    AND NOT EXISTS (SELECT FROM trunkline.held_change h WHERE h.table_id = s.table_id AND h.key = s.key)
                    AND NOT EXISTS (SELECT FROM trunkline.outbound_ack a
                        WHERE a.last_contact IS NULL OR a.last_contact < now() - interval '1 day') LIMIT 500)
            RETURNING table_id, key
        ), changes AS (
            DELETE FROM trunkline.applied_change c USING deletes d WHERE c.table_id = d.table_id AND c.key = d.key
        )
        SELECT EXISTS (SELECT FROM conflicts) OR EXISTS (SELECT FROM deletes)
        """)
}
