/// The named statements that administration and inspection share.
enum Statements {
    static let office = Statement("office", "SELECT office, role, tables::text FROM trunkline.office")

    static let recordOffice = Statement(
        "record_office",
        """
        INSERT INTO trunkline.office (office, role, tables, accepts_new, clock_tolerance, mapped_tables, new_columns)
        VALUES ($1, $2, $3::text[], $4, $5, $6, $7)
        ON CONFLICT (single) DO UPDATE SET tables = EXCLUDED.tables, accepts_new = EXCLUDED.accepts_new,
            clock_tolerance = EXCLUDED.clock_tolerance, mapped_tables = EXCLUDED.mapped_tables,
            new_columns = EXCLUDED.new_columns, planned_tables = '[]'
        """)

    /// Says whether it is new.
    static let addBranch = Statement(
        "add_branch",
        """
        INSERT INTO trunkline.branch AS b (id, broker_user) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET broker_user = EXCLUDED.broker_user RETURNING xmax = 0
        """)
    static let branch = Statement(
        "branch", "SELECT id, broker_user, suspended FROM trunkline.branch WHERE id = $1")
    static let branches = Statement("branches", "SELECT id, broker_user, suspended FROM trunkline.branch ORDER BY id")
    static let suspendBranch = Statement(
        "suspend_branch", "UPDATE trunkline.branch SET suspended = $2 WHERE id = $1")
    static let removeBranch = Statement("remove_branch", "DELETE FROM trunkline.branch WHERE id = $1")

    /// Key columns as a COPY text line: tabs between, so that no array needs to be parsed.
    static let syncedTables = Statement(
        "synced_tables", "SELECT \(syncedColumns) FROM trunkline.synced_table s ORDER BY s.id")

    private static let syncedColumns = """
        s.id, s.name, s.relation,
            (SELECT string_agg(replace(replace(k, E'\\\\', E'\\\\\\\\'), E'\\t', E'\\\\t'), E'\\t' ORDER BY n)
                FROM unnest(s.key_columns) WITH ORDINALITY u (k, n)),
            s.captured, s.loaded, CASE WHEN s.direction <> 'shared' THEN s.direction
                WHEN (SELECT role FROM trunkline.office) = 'head' THEN 'down' ELSE 'up' END,
            s.source, s.route::text, s.conflict
        """

    /// The columns of a table's key, in its order, as JSON.
    private static let keyColumns = """
        SELECT json_agg(json_build_object('name', a.attname, 'number', a.attnum, 'type', format_type(
                CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END, NULL))
            ORDER BY array_position(i.indkey::int2[], a.attnum))
        FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
        JOIN pg_type y ON y.oid = a.atttypid
        WHERE i.indrelid = c.oid AND i.indisprimary
        """

    /// That a trigger writes the changes of this table and no other's: two tables may have swapped their names.
    private static let isOurs = """
        EXISTS (SELECT FROM pg_proc f WHERE f.oid = g.tgfoid
            AND f.proname = 'capture_' || substr(g.tgname, 11) || '_' || s.id)
        """

    /// That a trigger `g` of the table `s` fires. One that fired for replayed changes too, and does not any more, was
    /// disabled: nobody knows for how long (`pg_restore --disable-triggers` does it).
    static let fires = """
        (g.tgenabled = 'A' OR g.tgenabled = 'O' AND (s.fingerprint::json->>'firesAlways') IS DISTINCT FROM 'true')
        """

    /// Whether all triggers on the table `c`, and on its partitions, fire for replayed changes too.
    private static let firesAlways = """
        (SELECT count(*) > 0 AND bool_and(g.tgenabled = 'A') FROM pg_trigger g
            WHERE g.tgrelid = ANY (c.oid || ARRAY(SELECT p.relid FROM trunkline.partition_tree(c.oid) p))
            AND (g.tgname = 'trunkline_row' OR g.tgrelid = c.oid AND g.tgname IN
                ('trunkline_insert', 'trunkline_update', 'trunkline_delete', 'trunkline_truncate')))
        """

    /// Why not all changes of the table `c` (of `pg_class`) can be seen; NULL: they can.
    static let captureObstacle = """
        CASE WHEN c.relkind IN ('r', 'p') AND c.relpersistence = 'u'
                THEN 'it is unlogged: a crash of the server empties it, and nobody is told'
            WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid)
                THEN 'other tables inherit from it: what is written through it to their rows is not seen'
            WHEN c.relkind = 'r' AND NOT c.relispartition AND EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)
                THEN 'it inherits from another table: what is written to its rows through that one is not seen'
            END
        """

    /// What the catalog says of the captured tables, or of `$1` alone; see ``CaptureState``.
    static let captureStates = Statement(
        "capture_states",
        """
        SELECT \(syncedColumns), s.fingerprint, c.oid, coalesce((\(keyColumns))::text, '[]'),
            CASE WHEN c.relkind = 'p' THEN coalesce((SELECT string_agg(p.relid::text, ',' ORDER BY p.relid)
                FROM trunkline.partition_tree(c.oid) p WHERE p.isleaf AND p.level > 0), '') ELSE '' END,
            c.relkind = 'p',
            CASE WHEN c.relkind = 'p'
                THEN (SELECT count(*) FROM trunkline.partition_tree(c.oid) p WHERE NOT EXISTS (
                        SELECT FROM pg_trigger g WHERE g.tgrelid = p.relid AND g.tgname = 'trunkline_row'
                            AND \(fires) AND \(isOurs)))
                    + (SELECT count(*) FROM trunkline.partition_tree(c.oid) p JOIN pg_trigger g ON g.tgrelid = p.relid
                        WHERE g.tgname = 'trunkline_truncate' AND g.tgenabled NOT IN ('O', 'A'))
                ELSE 4 - (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND \(fires)
                    AND g.tgname IN ('trunkline_insert', 'trunkline_update', 'trunkline_delete', 'trunkline_truncate')
                    AND \(isOurs))
                END + CASE WHEN s.mapping IS NULL THEN 0 ELSE \(CaptureMapping.events.count) - (
                    SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = to_regclass(s.mapping) AND g.tgenabled IN ('O', 'A')
                        AND g.tgname IN (\(CaptureMapping.events.map { "'trunkline_map_\($0)_' || s.id" }.joined(separator: ", ")))) END,
            has_table_privilege(c.oid, 'SELECT'), row_security_active(c.oid),
            (SELECT f.oid::regclass::text FROM pg_class f WHERE f.oid = (s.fingerprint::json->>'oid')::oid
                AND f.oid IS DISTINCT FROM c.oid AND f.relkind IN ('r', 'p')),
            current_user,
            \(captureObstacle),
            pg_relation_filenode(c.oid),
            (SELECT json_object_agg(a.attnum, format_type(a.atttypid, a.atttypmod)) FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text,
            (SELECT json_object_agg(e.oid, e.enumlabel) FROM pg_enum e WHERE EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    AND a.atttypid = e.enumtypid))::text,
            \(firesAlways),
            (SELECT json_object_agg(g.tgrelid::oid, g.oid::int8) FROM trunkline.partition_tree(c.oid) p
                JOIN pg_trigger g ON g.tgrelid = p.relid WHERE p.isleaf AND p.level > 0 AND g.tgname = 'trunkline_row')::text,
            s.tableoid::int8, to_regclass(s.mapping)::oid::int8,
            s.reading_problem, coalesce(s.read_again_at <= clock_timestamp(), true)
        FROM trunkline.synced_table s
        LEFT JOIN pg_class c ON c.oid = to_regclass(s.relation) AND c.relkind IN ('r', 'p')
        WHERE $1::integer IS NULL OR s.id = $1
        ORDER BY s.id
        """)

    static let existingTables = Statement(
        "existing_tables",
        "SELECT c.oid, c.oid::regclass::text FROM pg_class c WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'r'")

    static let recordTable = Statement(
        "record_table",
        """
        INSERT INTO trunkline.synced_table AS s (name, relation, key_columns) VALUES ($1, $2, $3::text[])
        ON CONFLICT (name) DO UPDATE SET relation = EXCLUDED.relation, captured = true,
            has_joined = s.has_joined AND s.captured
        RETURNING id
        """)

    /// The rule of a table that this office writes.
    static let recordRule = Statement(
        "record_rule",
        """
        UPDATE trunkline.synced_table SET direction = $2, route = $3::jsonb, filter = $4, source = $5, mapping = $6,
            conflict = $7, reading_problem = NULL, shared_since = CASE WHEN $7::text IS NOT NULL
                THEN coalesce(shared_since, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) END
        WHERE id = $1
        """)
    /// The rows of a table could not be read by its rule: until `$3` seconds have passed nobody tries again.
    static let recordReadingProblem = Statement(
        "record_reading_problem",
        """
        UPDATE trunkline.synced_table SET reading_problem = $2,
            read_again_at = clock_timestamp() + make_interval(secs => $3::float8) WHERE id = $1
        """)
    static let forgetReadingProblems = Statement(
        "forget_reading_problems",
        "UPDATE trunkline.synced_table SET reading_problem = NULL WHERE id = ANY ($1::integer[])")
    /// Whether the table has triggers that were made for another rule.
    static let hasOtherRule = Statement(
        "has_other_rule",
        """
        SELECT fingerprint IS NOT NULL AND (route, filter, conflict) IS DISTINCT FROM ($2::jsonb, $3, $4) FROM trunkline.synced_table
        WHERE id = $1
        """)
    static let acceptTable = Statement(
        "accept_table",
        "INSERT INTO trunkline.accepted_table (name, local_writes) VALUES ($1, $2) ON CONFLICT DO NOTHING")
    static let localWrites = Statement(
        "local_writes", "SELECT local_writes FROM trunkline.accepted_table WHERE name = $1")

    /// `$4`: rows may have been missed.
    static let recordCapture = Statement(
        "record_capture",
        """
        UPDATE trunkline.synced_table SET captured = true, key_columns = $2::text[], fingerprint = $3,
            loaded = loaded AND NOT $4::boolean
        WHERE id = $1
        """)

    static let recordFiring = Statement(
        "record_firing",
        """
        UPDATE trunkline.synced_table s SET fingerprint =
            jsonb_set(s.fingerprint::jsonb, '{firesAlways}', to_jsonb(\(firesAlways)))::text
        FROM pg_class c WHERE s.id = $1 AND c.oid = to_regclass(s.relation)
        """)

    /// What was held while the table stood still becomes changes again.
    static let returnHeld = Statement(
        "return_held",
        """
        WITH held AS (DELETE FROM trunkline.held_change WHERE table_id = $1 RETURNING *)
        INSERT INTO trunkline.change (destination, transaction, table_id, key, op, at)
            SELECT destination, pg_current_xact_id(), table_id, key, CASE op WHEN 'i' THEN 'l' ELSE op END, at
            FROM held ORDER BY id
        """)

    static let lookAtMoves = Statement("look_at_moves", "SELECT trunkline.look_at_moves()")
    static let tablesWithHeld = Statement("tables_with_held", "SELECT DISTINCT table_id FROM trunkline.held_change")

    static let beginLoad = Statement("begin_load", "SELECT trunkline.begin_load($1, $2, $3, $4, $5)")
    static let endLoads = Statement("end_loads", "DELETE FROM trunkline.load WHERE table_id = $1")

    /// A stream stands behind the newest wave: what was changed before it is in the load that begins with it.
    static let createOutbound = Statement(
        "create_outbound",
        """
        INSERT INTO trunkline.outbound (stream, cluster, after_wave, last_wave, at_end, past_epochs)
        SELECT $1, \(MoveCheck.here), number, number, true,
            coalesce((SELECT epochs FROM trunkline.ended_stream WHERE stream = $1), '{}')
        FROM trunkline.wave ORDER BY number DESC LIMIT 1
        ON CONFLICT DO NOTHING
        """)
    /// Streams and what they are loaded with change one at a time, and no line of the log is pruned meanwhile.
    static let holdStreams = Statement(
        "hold_streams", "LOCK TABLE trunkline.streams_lock IN EXCLUSIVE MODE")
    static let lockOutbound = Statement(
        "lock_outbound", "SELECT FROM trunkline.outbound WHERE stream = $1 FOR UPDATE")
    static let keepWaves = Statement("keep_waves", WaveFunctions.lockForReference)
    static let endStream = Statement(
        "end_stream",
        """
        WITH destination AS (
            SELECT destination FROM trunkline.outbound WHERE stream = $1
        ), ended AS (
            -- So that it may begin once more, of which the branch is told that it replaces these.
            INSERT INTO trunkline.ended_stream
            SELECT stream, (past_epochs || epoch)[greatest(cardinality(past_epochs) - 14, 1):]
            FROM trunkline.outbound WHERE stream = $1
            ON CONFLICT (stream) DO UPDATE SET epochs = EXCLUDED.epochs
        ), batches AS (
            DELETE FROM trunkline.batch WHERE stream = $1
        ), loads AS (
            DELETE FROM trunkline.load WHERE stream = $1
        ), wishes AS (
            DELETE FROM trunkline.verification_request WHERE stream = $1
        ), notices AS (
            DELETE FROM trunkline.refused_row WHERE stream = $1
        ), held AS (
            DELETE FROM trunkline.held_change WHERE destination IN (SELECT destination FROM destination)
        ), lines AS (
            DELETE FROM trunkline.change WHERE destination IN (SELECT destination FROM destination)
        ), acks AS (
            DELETE FROM trunkline.outbound_ack WHERE stream = $1
        )
        DELETE FROM trunkline.outbound WHERE stream = $1
        """)
    static let createOutboundAck = Statement(
        "create_outbound_ack", "INSERT INTO trunkline.outbound_ack (stream) VALUES ($1) ON CONFLICT DO NOTHING")

    static let partitionsWithoutTrigger = Statement(
        "partitions_without_trigger",
        """
        SELECT t.relid::regclass::text FROM trunkline.partition_tree($1::regclass) t
        WHERE t.level > 0 AND NOT EXISTS (
            SELECT FROM pg_trigger g WHERE g.tgrelid = t.relid AND g.tgname = 'trunkline_truncate')
        """)

    /// The columns of a table: name, wire type, cast type, nullable, position in the key, generated,
    /// partitioned. A domain has its base type; a type that is not built in travels as text.
    static let tableColumns = Statement(
        "table_columns",
        """
        SELECT a.attname,
            CASE WHEN b.typnamespace = 'pg_catalog'::regnamespace AND coalesce(e.typnamespace, b.typnamespace) = 'pg_catalog'::regnamespace
                THEN format_type(b.oid, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) ELSE 'text' END,
            format_type(a.atttypid, -1),
            NOT a.attnotnull,
            array_position(i.indkey::int2[], a.attnum),
            a.attgenerated <> '',
            c.relkind = 'p', a.attnum, format_type(b.oid, NULL), parent.nspname, parent.relname,
            format_type(a.atttypid, a.atttypmod),
            -- Whether two values that are equal have one text.
            CASE WHEN b.typname IN ('int2', 'int4', 'int8', 'uuid', 'oid', 'date', 'bool', 'bytea', 'time', 'timestamp',
                    'timestamptz', 'inet', 'cidr', 'macaddr') THEN true
                WHEN b.typname = 'numeric' THEN (CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END) <> -1
                WHEN b.typname IN ('text', 'varchar', 'bpchar', 'name')
                    THEN coalesce((SELECT l.collisdeterministic FROM pg_collation l WHERE l.oid = a.attcollation), true)
                ELSE false END,
            \(captureObstacle), a.attidentity = 'a'
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
        LEFT JOIN pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        LEFT JOIN (
            SELECT r.oid, n.nspname, r.relname FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
        ) parent ON c.relispartition AND parent.oid = pg_partition_root(c.oid)
        WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p')
        ORDER BY a.attnum
        """)

    /// Child and parent of each foreign key among these tables; a partition's are its table's.
    static let foreignKeys = Statement(
        "foreign_keys",
        """
        WITH named AS (SELECT n, to_regclass(n)::oid AS oid FROM unnest($1::text[]) n)
        SELECT c.n, p.n FROM pg_constraint f
        JOIN named c ON c.oid = coalesce(pg_partition_root(f.conrelid), f.conrelid)
        JOIN named p ON p.oid = coalesce(pg_partition_root(f.confrelid), f.confrelid)
        WHERE f.contype = 'f' AND c.oid <> p.oid GROUP BY c.n, p.n
        """)
}
