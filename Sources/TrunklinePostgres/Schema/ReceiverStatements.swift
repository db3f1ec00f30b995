/// The statements of the receiving side.
enum ReceiverStatements {
    static let lockStream = Statement(
        "lock_stream",
        """
        SELECT epoch, watermark, batch_id, stopped, set_aside, array_to_json(past_epochs),
            EXISTS (SELECT FROM trunkline.kept_row k WHERE k.stream = i.stream)
        FROM trunkline.inbound i WHERE stream = $1 FOR UPDATE
        """)

    /// Begins a stream that was never seen, or was forgotten; what was parked of epochs that are over is of no use.
    static let beginStream = Statement(
        "begin_stream",
        """
        WITH dropped AS (
            DELETE FROM trunkline.parked_batch WHERE stream = $1 AND epoch = ANY ($3::uuid[])
        )
        INSERT INTO trunkline.inbound (stream, epoch, past_epochs) VALUES ($1, $2, $3::uuid[]) ON CONFLICT DO NOTHING
        """)

    /// The watermark, the counts and the pending ack, in one statement. `$6`: the version of the list of set-aside rows
    /// that the sender has. One that is not there yet is of a life that a restore ended: ours goes past it.
    static let advance = Statement(
        "advance",
        """
        WITH moved AS (
            UPDATE trunkline.inbound SET watermark = $2, batch_id = $3, stored_rows = stored_rows + $4,
                set_aside_version = CASE WHEN $6 > set_aside_version THEN $6 + 1 ELSE set_aside_version END,
                last_contact = now()
            WHERE stream = $1
        ), acked AS (
            INSERT INTO trunkline.pending_ack AS p (stream, verification, seen_version) VALUES ($1, $5, $6)
            ON CONFLICT (stream) DO UPDATE SET serial = p.serial + 1, pending = true, since = now(),
                seen_version = EXCLUDED.seen_version, verification = coalesce(EXCLUDED.verification, p.verification)
        )
        SELECT pg_notify('trunkline_acks', '')
        """)

    /// A pending ack with the whole list of set-aside rows.
    static let ackAgain = Statement(
        "ack_again",
        """
        WITH seen AS (
            UPDATE trunkline.inbound SET last_contact = now() WHERE stream = $1
        ), acked AS (
            INSERT INTO trunkline.pending_ack AS p (stream, whole) VALUES ($1, true)
            ON CONFLICT (stream) DO UPDATE SET serial = p.serial + 1, pending = true, whole = true, since = now()
        )
        SELECT pg_notify('trunkline_acks', '')
        """)

    /// Goes over to another epoch; what was parked of others is of no use any more.
    static let adopt = Statement(
        "adopt_epoch",
        """
        WITH dropped AS (
            DELETE FROM trunkline.parked_batch WHERE stream = $1 AND epoch <> $2
        )
        UPDATE trunkline.inbound SET past_epochs = $3, epoch = $2, watermark = 0, batch_id = NULL,
            stopped = NULL, stopped_epoch = NULL, stopped_number = NULL, behind_epoch = NULL, behind_number = NULL
        WHERE stream = $1
        """)

    static let behind = Statement(
        "behind", "UPDATE trunkline.inbound SET behind_epoch = $2, behind_number = $3 WHERE stream = $1")

    static let halt = Statement(
        "take_halt",
        """
        UPDATE trunkline.inbound SET stopped = coalesce(stopped, $3), stopped_epoch = coalesce(stopped_epoch, epoch),
            stopped_number = coalesce(stopped_number, watermark), last_contact = now()
        WHERE stream = $1 AND epoch = $2
        """)

    static let keepRow = Statement(
        "keep_row",
        """
        INSERT INTO trunkline.kept_row (stream, table_name, key) SELECT $1, $2, k FROM unnest($3::text[]) k
        ON CONFLICT DO NOTHING
        """)

    static let keptRows = Statement(
        "kept_rows", "SELECT key FROM trunkline.kept_row WHERE stream = $1 AND table_name = $2")

    static let stop = Statement(
        "stop_stream",
        """
        UPDATE trunkline.inbound SET stopped = coalesce(stopped, $2), stopped_epoch = $3, stopped_number = $4,
            last_contact = now() WHERE stream = $1
        """)

    static let park = Statement(
        "park",
        """
        INSERT INTO trunkline.parked_batch (stream, epoch, number, id, message) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        """)

    static let unpark = Statement(
        "unpark", "DELETE FROM trunkline.parked_batch WHERE stream = $1 AND epoch = $2 AND number <= $3")

    static let nextParked = Statement(
        "next_parked",
        """
        SELECT p.message FROM trunkline.parked_batch p JOIN trunkline.inbound i
            ON i.stream = p.stream AND i.epoch = p.epoch AND p.number = i.watermark + 1
        WHERE p.stream = $1 AND i.stopped IS NULL LIMIT 1
        """)

    static let accepts = Statement(
        "accepts", "SELECT cardinality(tables) = 0 OR role = 'branch' OR $1 = ANY (tables) FROM trunkline.office")

    /// The tables that hold rows of branches.
    static let targets = Statement(
        "targets",
        """
        SELECT n.nspname, c.relname FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> 'trunkline'
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'branch_id' AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
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

    static let builtInType = Statement(
        "built_in_type",
        """
        SELECT t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r', 'm')
        FROM pg_type t WHERE t.oid = to_regtype($1)
        """)

    static let setAside = Statement(
        "set_aside",
        """
        INSERT INTO trunkline.set_aside AS s (stream, table_name, key, op, table_header, line, reason, code, number)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (stream, table_name, md5(key)) DO UPDATE SET op = EXCLUDED.op, table_header = EXCLUDED.table_header,
            line = EXCLUDED.line, reason = EXCLUDED.reason, code = EXCLUDED.code, number = EXCLUDED.number,
            tries = s.tries + 1, last_tried = now()
        """)

    static let countSetAside = Statement(
        "count_set_aside",
        """
        UPDATE trunkline.inbound SET set_aside = (SELECT count(*) FROM trunkline.set_aside WHERE stream = $1),
            set_aside_version = set_aside_version + 1 WHERE stream = $1
        """)

    /// A later image of these keys arrived: what was set aside of them is history.
    static let supersede = Statement(
        "supersede",
        """
        DELETE FROM trunkline.set_aside WHERE stream = $1 AND table_name = $2 AND key = ANY ($3::text[])
            AND md5(key) IN (SELECT md5(k) FROM unnest($3::text[]) k)
        """)

    static let dropSetAside = Statement("drop_set_aside", "DELETE FROM trunkline.set_aside WHERE id = $1")

    static let triedAgain = Statement(
        "tried_again",
        "UPDATE trunkline.set_aside SET tries = tries + 1, last_tried = now(), reason = $2, code = $3 WHERE id = $1")

    /// The least recently tried come first; by id within one try, so that parents come before children.
    /// `$5`: whether rows that failed often are left for later; one that only misses its parent is not.
    static let retryable = Statement(
        "retryable",
        """
        SELECT id, table_header, op, line FROM (
            SELECT * FROM trunkline.set_aside
            WHERE stream = $1 AND ($2::text IS NULL OR table_name = $2)
                AND last_tried < now() - make_interval(secs => $3::float8)
                AND (NOT $5::boolean OR code = '23503' AND tries < 20
                    OR last_tried < now() - make_interval(secs => least(2 ^ least(tries, 20), 300)))
            ORDER BY last_tried, id LIMIT $4
        ) s ORDER BY id
        """)

    static let streamsWithSetAside = Statement(
        "streams_with_set_aside",
        "SELECT stream FROM trunkline.inbound WHERE set_aside > 0 AND ($1::text IS NULL OR stream = $1) ORDER BY stream"
    )

    static let pendingAcks = Statement(
        "pending_acks",
        """
        SELECT p.stream, p.serial, i.epoch, i.watermark, i.set_aside_version, i.set_aside,
            p.whole OR i.set_aside_version > p.seen_version, i.stopped, i.stopped_epoch, i.stopped_number,
            p.verification, i.batch_id, i.behind_epoch, i.behind_number
        FROM trunkline.pending_ack p JOIN trunkline.inbound i USING (stream)
        WHERE p.pending ORDER BY p.since LIMIT $1
        """)

    static let notices = Statement(
        "notices",
        "SELECT table_name, line, table_header, op, reason FROM trunkline.set_aside WHERE stream = $1 ORDER BY id LIMIT $2"
    )

    static let ackPublished = Statement(
        "ack_published",
        """
        UPDATE trunkline.pending_ack SET pending = false, whole = false, verification = NULL
        WHERE stream = $1 AND serial = $2
        """)
}
