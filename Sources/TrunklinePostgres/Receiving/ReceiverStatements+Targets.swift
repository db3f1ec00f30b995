/// The statements about the tables that take a stream's rows.
extension ReceiverStatements {
    /// What a table of this name is now: its identity and version in the catalog (nothing when there is none), its kind,
    /// how this office takes it (``TableAcceptance``), and whether its schema may be used. `$1` and `$3`: its schema and
    /// name, `$2`: as the configuration writes it, `$4`: as SQL.
    static let identity = Statement(
        "table_identity",
        """
        SELECT c.oid::text || ' ' || c.xmin::text || ' ' || coalesce((
                SELECT md5(string_agg(concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod), ',' ORDER BY a.attnum))
                FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), ''), c.relkind,
            CASE WHEN EXISTS (SELECT FROM trunkline.synced_table s WHERE s.captured AND s.relation = $4) THEN coalesce(
                    (SELECT 'shared' FROM trunkline.synced_table s
                        WHERE s.captured AND s.relation = $4 AND s.conflict IS NOT NULL), 'written')
                ELSE coalesce((SELECT CASE
                    WHEN $2 = ANY (tables) OR role = 'head' AND cardinality(tables) = 0 AND NOT accepts_new OR accepts_new
                        AND (c.oid IS NULL OR EXISTS (SELECT FROM trunkline.made_table m WHERE m.name = $2)) THEN 'accepted'
                    ELSE 'unlisted' END FROM trunkline.office), 'accepted') END,
            coalesce(has_schema_privilege(n.oid, 'USAGE'), true),
            (SELECT s.conflict FROM trunkline.synced_table s WHERE s.captured AND s.relation = $4)
        FROM (SELECT) one
        -- By name: to_regclass fails where the schema may not be used.
        LEFT JOIN pg_namespace n ON n.nspname = $1 LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $3
        """)

    /// Whether a schema is still to be made that every session of a role would look into first (`"$user"`).
    static let isNamedLikeARole = Statement(
        "is_named_like_a_role",
        "SELECT to_regnamespace(quote_ident($1)) IS NULL AND EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
    /// How many tables were made for a stream.
    static let madeTables = Statement(
        "made_tables", "SELECT count(*) FROM trunkline.made_table WHERE stream = $1")
    static let isMade = Statement(
        "is_made", "SELECT EXISTS (SELECT FROM trunkline.made_table WHERE name = $1)")
    static let isStoredInPart = Statement(
        "is_stored_in_part",
        "SELECT EXISTS (SELECT FROM trunkline.set_aside WHERE stream = $1 AND table_name = $2 AND key = '[null]')")
    static let mappingRules = Statement("mapping_rules", "SELECT mapped_tables, new_columns FROM trunkline.office")
    /// The columns of a table that it computes itself.
    static let generatedColumns = Statement(
        "generated_columns",
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attgenerated <> '' AND NOT attisdropped")
    static let noteMadeTable = Statement(
        "note_made_table",
        "INSERT INTO trunkline.made_table (name, stream) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")

    /// The tables that hold rows of branches.
    static let targets = Statement(
        "targets",
        """
        SELECT n.nspname, c.relname FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'trunkline'
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'branch_id' AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT EXISTS (
            SELECT FROM trunkline.synced_table s WHERE s.captured AND c.oid IN (to_regclass(s.relation), to_regclass(s.mapping)))
        """)

    /// The tables that a branch takes from the head.
    static let acceptedTables = Statement(
        "accepted_tables",
        """
        SELECT name FROM trunkline.accepted_table
        UNION SELECT m.name FROM trunkline.made_table m JOIN trunkline.office o ON o.accepts_new ORDER BY name
        """)

    static let uniqueIndex = Statement(
        "unique_index",
        """
        SELECT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indimmediate
                AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid
                AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_attribute a
                    WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
                = (SELECT array_agg(k ORDER BY k) FROM unnest($2::text[]) k))
        """)

    /// Nullable columns of this table's foreign keys from which one comes back to this table.
    static let circularColumns = Statement(
        "circular_columns",
        """
        WITH RECURSIVE reach (oid) AS (
            SELECT confrelid FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass($1) AND confrelid <> conrelid
            UNION
            SELECT f.confrelid FROM reach r JOIN pg_constraint f ON f.contype = 'f' AND f.conrelid = r.oid
        )
        SELECT DISTINCT a.attname FROM pg_constraint f
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey) AND NOT a.attnotnull
        WHERE f.contype = 'f' AND f.conrelid = to_regclass($1) AND f.confrelid <> f.conrelid
            AND to_regclass($1) IN (SELECT oid FROM reach)
        """)

    /// Rows of tables that this office writes, and that a delete would take along: the table, as its name is written, the same
    /// as SQL, and what makes a row `c` of it one that refers to a row `t` of `$1`.
    static let referringRows = Statement(
        "referring_rows",
        """
        SELECT s.name, s.relation, concat_ws(' AND ',
            CASE WHEN f.conrelid = f.confrelid THEN '(c.tableoid, c.ctid) <> (t.tableoid, t.ctid)' END,
            (SELECT string_agg(format('c.%I = t.%I', a.attname, p.attname), ' AND ' ORDER BY k.n)
                FROM unnest(f.conkey, f.confkey) WITH ORDINALITY AS k (own, parent, n)
                JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.own
                JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = k.parent))
        FROM trunkline.synced_table s JOIN pg_constraint f
            ON f.conrelid = to_regclass(s.relation) AND f.confrelid = to_regclass($1)
        WHERE s.captured AND f.contype = 'f' AND f.confdeltype IN ('c', 'n', 'd')
        ORDER BY s.name
        """)

    static let builtInType = Statement(
        "built_in_type",
        """
        SELECT t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r', 'm')
            -- Types of the catalog would tell a branch what there is here.
            AND e.typname NOT LIKE 'reg%' AND e.typname NOT LIKE 'pg\\_%' AND e.typname NOT IN (
                'aclitem', 'refcursor', 'tid', 'xid', 'cid', 'xid8', 'gtsvector', 'oidvector', 'int2vector', 'txid_snapshot')
        FROM pg_type t JOIN pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END
        WHERE t.oid = to_regtype($1)
        """)
}
