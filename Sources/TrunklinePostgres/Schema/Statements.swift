/// The named statements that administration and inspection share.
enum Statements {
    static let office = Statement("office", "SELECT office, role, tables::text FROM trunkline.office")

    static let recordOffice = Statement(
        "record_office",
        """
        INSERT INTO trunkline.office (office, role, tables) VALUES ($1, $2, $3::text[])
        ON CONFLICT (single) DO UPDATE SET tables = EXCLUDED.tables
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
        "synced_tables",
        """
        SELECT id, name, relation,
            (SELECT string_agg(replace(replace(k, E'\\\\', E'\\\\\\\\'), E'\\t', E'\\\\t'), E'\\t' ORDER BY n)
                FROM unnest(key_columns) WITH ORDINALITY u (k, n)),
            captured, loaded
        FROM trunkline.synced_table ORDER BY id
        """)

    static let recordTable = Statement(
        "record_table",
        """
        INSERT INTO trunkline.synced_table (name, relation, key_columns) VALUES ($1, $2, $3::text[])
        ON CONFLICT (name) DO UPDATE SET relation = EXCLUDED.relation, key_columns = EXCLUDED.key_columns
        RETURNING id
        """)

    static let createOutbound = Statement(
        "create_outbound", "INSERT INTO trunkline.outbound (stream) VALUES ($1) ON CONFLICT DO NOTHING")
    static let createOutboundAck = Statement(
        "create_outbound_ack", "INSERT INTO trunkline.outbound_ack (stream) VALUES ($1) ON CONFLICT DO NOTHING")

    static let triggers = Statement(
        "triggers", "SELECT tgname FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal")

    static let partitionsWithoutTrigger = Statement(
        "partitions_without_trigger",
        """
        SELECT t.relid::regclass::text FROM pg_partition_tree($1::regclass) t
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
            c.relkind = 'p'
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
        LEFT JOIN pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p')
        ORDER BY a.attnum
        """)

    /// Child and parent of each foreign key among these tables.
    static let foreignKeys = Statement(
        "foreign_keys",
        """
        WITH named AS (SELECT n, to_regclass(n)::oid AS oid FROM unnest($1::text[]) n)
        SELECT c.n, p.n FROM pg_constraint f
        JOIN named c ON c.oid = f.conrelid JOIN named p ON p.oid = f.confrelid
        WHERE f.contype = 'f' AND c.oid <> p.oid
        """)
}
