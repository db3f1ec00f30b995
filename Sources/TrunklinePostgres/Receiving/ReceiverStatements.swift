import TrunklineCore

/// The statements of the receiving side.
enum ReceiverStatements {
    static let lockStream = Statement(
        "lock_stream",
        """
        SELECT epoch, watermark, batch_id, stopped, set_aside, array_to_json(past_epochs),
            EXISTS (SELECT FROM trunkline.kept_row k WHERE k.stream = i.stream), held, held_failures,
            held_until <= clock_timestamp(), takes_differences, set_aside_version, told_version, changes_kept,
            told_at > clock_timestamp() - interval '\(SetAsideListTelling.freshlyTold) seconds',
            list_begun_at > clock_timestamp() - interval '\(SetAsideListTelling.freshlyBegun) seconds', shapes, recovery,
            clock_ahead, differences
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
    /// that the sender has.
    static let advance = Statement(
        "advance",
        """
        WITH moved AS (
            UPDATE trunkline.inbound SET watermark = $2, batch_id = $3, stored_rows = stored_rows + $4,
                last_contact = now()
            WHERE stream = $1
        ), acked AS (
            INSERT INTO trunkline.pending_ack AS p (stream, verification, seen_version) VALUES ($1, $5, $6)
            ON CONFLICT (stream) DO UPDATE SET serial = p.serial + 1, pending = true, since = now(),
                seen_version = EXCLUDED.seen_version, verification = coalesce(EXCLUDED.verification, p.verification)
        )
        SELECT pg_notify('trunkline_acks', '')
        """)

    /// A pending ack, with the whole list of set-aside rows if it goes in no differences.
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
        ), told_anew AS (
            DELETE FROM trunkline.inbound_shape WHERE stream = $1
        )
        UPDATE trunkline.inbound SET past_epochs = $3, epoch = $2, watermark = 0, batch_id = NULL, shapes = 'wanted', joined = '[]',
            stopped = NULL, stopped_epoch = NULL, stopped_number = NULL, behind_epoch = NULL, behind_number = NULL,
            held = NULL, held_failures = 0, held_since = NULL, held_until = NULL
        WHERE stream = $1
        """)

    static let behind = Statement(
        "behind", "UPDATE trunkline.inbound SET behind_epoch = $2, behind_number = $3 WHERE stream = $1")

    static let noteRecovery = Statement(
        "note_recovery", "UPDATE trunkline.inbound SET recovery = $2 WHERE stream = $1")

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

    static let nextKeptRows = Statement(
        "next_kept_rows",
        """
        SELECT id, key FROM trunkline.kept_row WHERE stream = $1 AND table_name = $2 AND id > $3 ORDER BY id LIMIT $4
        """)

    static let releaseKeptRows = Statement(
        "release_kept_rows",
        "DELETE FROM trunkline.kept_row WHERE id = ANY ($2::bigint[]) AND stream = $1 RETURNING table_name, key")

    static let releaseAllKeptRows = Statement(
        "release_all_kept_rows",
        """
        WITH gone AS (DELETE FROM trunkline.kept_row WHERE stream = $1 RETURNING table_name)
        SELECT DISTINCT table_name FROM gone
        """)

    static let releaseKeys = Statement(
        "release_keys",
        """
        DELETE FROM trunkline.kept_row k USING unnest($3::text[]) g
        WHERE k.stream = $1 AND k.table_name = $2 AND md5(k.key) = md5(g) AND k.key = g
        """)

    static let setAsideKeys = Statement(
        "set_aside_keys", "SELECT key FROM trunkline.set_aside WHERE stream = $1 AND table_name = $2")

    static let keysStoredInPart = Statement(
        "keys_stored_in_part",
        """
        SELECT s.key FROM trunkline.set_aside s JOIN trunkline.set_aside_shape h ON h.id = s.shape
        WHERE s.stream = $1 AND s.table_name = $2 AND h.header::json ->> 'storedInPart' = 'true'
        """)

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

    static let parked = Statement(
        "parked",
        "SELECT count(*), coalesce(sum(octet_length(message)), 0) FROM trunkline.parked_batch WHERE stream = $1")

    private static let mayGoOn = "i.stopped IS NULL AND (i.held IS NULL OR i.held_until <= clock_timestamp())"

    static let nextParked = Statement(
        "next_parked",
        """
        SELECT p.message FROM trunkline.parked_batch p JOIN trunkline.inbound i
            ON i.stream = p.stream AND i.epoch = p.epoch AND p.number = i.watermark + 1
        WHERE p.stream = $1 AND \(mayGoOn) LIMIT 1
        """)

    static let hold = Statement(
        "hold",
        """
        UPDATE trunkline.inbound SET held = $2, held_failures = $3, last_contact = now(),
            held_since = coalesce(held_since, now()), held_until = clock_timestamp() + make_interval(secs => $4::float8)
        WHERE stream = $1
        """)
    static let releaseHold = Statement(
        "release_hold",
        "UPDATE trunkline.inbound SET held = NULL, held_failures = 0, held_since = NULL, held_until = NULL WHERE stream = $1"
    )
    static let hasten = Statement(
        "hasten",
        """
        UPDATE trunkline.inbound SET held_until = now()
        WHERE held IS NOT NULL AND ($1::text IS NULL OR stream = $1)
        """)

    /// Streams with something to do of their own: a parked batch whose turn it is, or set-aside rows that are due.
    static let streamsToTend = Statement(
        "streams_to_tend",
        """
        SELECT stream, bool_or(parked), bool_or(NOT parked) FROM (
            SELECT i.stream, true AS parked FROM trunkline.parked_batch p JOIN trunkline.inbound i
                ON i.stream = p.stream AND i.epoch = p.epoch AND p.number = i.watermark + 1
            WHERE \(mayGoOn)
            UNION ALL
            SELECT i.stream, false FROM trunkline.inbound i WHERE i.set_aside > 0 AND EXISTS (
                SELECT FROM trunkline.set_aside s WHERE s.stream = i.stream AND s.retry_at <= now())
        ) w GROUP BY stream ORDER BY stream
        """)

    /// `$2` to `$9` are arrays, a row each.
    static let setAside = Statement(
        "set_aside",
        """
        INSERT INTO trunkline.set_aside AS s (stream, table_name, key, op, shape, line, reason, code,
            lacks_parent, number, retry_at)
        SELECT $1, table_name, key, op, shape, line, reason, code, lacks_parent, $10,
            now() + CASE WHEN lacks_parent THEN interval '0' ELSE interval '1 second' END
        FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::text[], $8::text[], $9::boolean[])
            AS given (table_name, key, op, shape, line, reason, code, lacks_parent)
        ON CONFLICT (stream, table_name, md5(key)) DO UPDATE SET op = EXCLUDED.op,
            shape = EXCLUDED.shape, line = EXCLUDED.line, reason = EXCLUDED.reason,
            code = EXCLUDED.code, lacks_parent = EXCLUDED.lacks_parent, number = EXCLUDED.number,
            tries = s.tries + 1, last_tried = now(), retry_at = EXCLUDED.retry_at
        """)

    static let keepShapes = Statement(
        "keep_shapes",
        """
        INSERT INTO trunkline.set_aside_shape (stream, header) SELECT $1, h FROM unnest($2::text[]) h
        ON CONFLICT (stream, md5(header)) DO UPDATE SET header = EXCLUDED.header RETURNING id, header
        """)

    static let shapes = Statement(
        "shapes", "SELECT id, header FROM trunkline.set_aside_shape WHERE id = ANY ($1::bigint[])")

    static let setAsideSize = Statement(
        "set_aside_size",
        "SELECT count(*), coalesce(sum(octet_length(line)), 0) FROM trunkline.set_aside WHERE stream = $1")

    static let supersededSize = Statement(
        "superseded_size",
        """
        SELECT count(*), coalesce(sum(pg_column_size(row)), 0)::bigint FROM trunkline.superseded_row WHERE stream = $1
        """)

    static let takesDifferences = Statement(
        "takes_differences", "UPDATE trunkline.inbound SET takes_differences = $2 WHERE stream = $1")

    static let forgetChanges = Statement(
        "forget_changes",
        """
        WITH forgotten AS (
            DELETE FROM trunkline.set_aside_change WHERE stream = $1 AND version <= $2
        )
        UPDATE trunkline.inbound SET changes_kept = greatest(changes_kept, $2), told_version = greatest(told_version, $2)
        WHERE stream = $1
        """)

    static let tellAgain = Statement(
        "tell_again", "UPDATE trunkline.inbound SET told_version = $2, told_at = NULL WHERE stream = $1")

    /// But that a table was set aside as a whole, and is not any more: its sender loads it, whether or not it was told of
    /// the beginning.
    static let forgetAllChanges = Statement(
        "forget_all_changes",
        """
        DELETE FROM trunkline.set_aside_change c WHERE stream = $1 AND (key NOT IN \(RowKey.wholeTablesInSQL) OR EXISTS (
            SELECT FROM trunkline.set_aside s WHERE s.stream = $1 AND s.table_name = c.table_name AND s.key = c.key))
        """)

    /// After ``forgetAllChanges``. What is left of the changes is told at the end.
    static let beginListAnew = Statement(
        "begin_list_anew",
        """
        WITH base AS (
            SELECT greatest($2::bigint, set_aside_version) AS version FROM trunkline.inbound WHERE stream = $1
        ), gone AS (
            DELETE FROM trunkline.set_aside_change WHERE stream = $1 RETURNING table_name, key
        ), listed AS (
            INSERT INTO trunkline.set_aside_change (stream, table_name, key, version)
            SELECT $1, table_name, key, base.version + row_number() OVER (ORDER BY id NULLS LAST) FROM (
                SELECT table_name, key, NULL AS id FROM gone
                UNION ALL SELECT table_name, key, id FROM trunkline.set_aside WHERE stream = $1
            ) l, base
            RETURNING 1
        )
        UPDATE trunkline.inbound SET set_aside_version = base.version + 1 + (SELECT count(*) FROM listed),
            told_version = base.version, told_at = NULL, list_from = base.version, changes_kept = base.version,
            list_begun_at = clock_timestamp()
        FROM base WHERE stream = $1
        """)

    /// A later image of these keys arrived: what was set aside of them is history.
    ///
    /// Key by key, which OFFSET keeps the planner to: it takes a stream's rows for a few, and compares all with all.
    static let forgetSetAside = Statement(
        "forget_set_aside",
        """
        DELETE FROM trunkline.set_aside WHERE ctid = ANY (ARRAY(
            SELECT s.ctid FROM unnest($3::text[]) k CROSS JOIN LATERAL (
                SELECT ctid FROM trunkline.set_aside
                WHERE stream = $1 AND table_name = $2 AND md5(key) = md5(k) AND key = k OFFSET 0) s))
        """)

    static let dropSetAside = Statement(
        "drop_set_aside", "DELETE FROM trunkline.set_aside WHERE id = ANY ($1::bigint[])")

    /// A row that lacks its parent stays due for its first `$5` tries; any other waits twice as long each time, up to
    /// `$6` seconds. `$1` to `$4` are arrays, a row each.
    static let triedAgain = Statement(
        "tried_again",
        """
        UPDATE trunkline.set_aside s SET tries = tries + 1, last_tried = now(), reason = f.reason, code = f.code,
            lacks_parent = f.lacks_parent,
            retry_at = now() + CASE WHEN f.lacks_parent AND tries < $5 THEN interval '0'
                ELSE make_interval(secs => least(2 ^ least(tries, 20), $6::float8)) END
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[]) AS f (id, reason, code, lacks_parent)
        WHERE s.id = f.id
        """)

    /// By id, so that parents come before children.
    private static func chosen(_ choice: String, _ order: String) -> String {
        """
        SELECT id, shape, op, encode(line, 'hex') FROM (
            SELECT s.*, \(bytesBefore("line", order)) AS before
            FROM (SELECT * FROM trunkline.set_aside WHERE stream = $1 AND \(choice) ORDER BY \(order) LIMIT $2) s
        ) s WHERE before < \(ReceiverEngine.Limit.retriedBytes) ORDER BY id
        """
    }
    /// What the rows before come to, so that long ones are not read to be left out.
    private static func bytesBefore(_ column: String, _ order: String, rows: Int = 1) -> String {
        """
        coalesce(sum(octet_length(\(column))) OVER (ORDER BY \(order)
            ROWS BETWEEN UNBOUNDED PRECEDING AND \(rows) PRECEDING), 0)
        """
    }
    /// Whether tables still do not fit as wholes is looked at now.
    static let tryWholeTables = Statement(
        "try_whole_tables", "UPDATE trunkline.set_aside SET retry_at = now() WHERE key IN \(RowKey.wholeTablesInSQL)")
    static let due = Statement("due_set_aside", chosen("retry_at <= now()", "retry_at, id"))
    static let requested = Statement(
        "requested_set_aside",
        chosen(
            "($3::text IS NULL OR table_name = $3) AND last_tried <= now() - make_interval(secs => $4::float8)",
            "last_tried, id"))

    static let streamsWithSetAside = Statement(
        "streams_with_set_aside",
        "SELECT stream FROM trunkline.inbound WHERE set_aside > 0 ORDER BY stream"
    )

    static let pendingAcks = Statement(
        "pending_acks",
        """
        SELECT p.stream, p.serial, i.epoch, i.watermark, i.set_aside_version, i.set_aside,
            CASE WHEN i.takes_differences THEN i.set_aside_version > i.told_version
                ELSE p.whole OR i.set_aside_version > p.seen_version END, i.stopped, i.stopped_epoch, i.stopped_number,
            p.verification, i.batch_id, i.behind_epoch, i.behind_number, i.held,
            i.takes_differences, i.told_version, i.list_from, i.shapes = 'kept', i.differences
        FROM trunkline.pending_ack p JOIN trunkline.inbound i USING (stream)
        WHERE p.pending ORDER BY p.since LIMIT $1
        """)

    static let notices = Statement(
        "notices",
        """
        SELECT encode(line, 'hex'), shape, op, reason FROM (
            SELECT s.*, \(bytesBefore("line", "id")) AS before
            FROM (SELECT * FROM trunkline.set_aside WHERE stream = $1 ORDER BY id LIMIT $2) s
        ) s WHERE before < \(Ack.maximalNoticeBytes) ORDER BY id
        """
    )

    /// Changes of the list after the version `$2`, at most `$3`, and of long keys one more than an ack has room for;
    /// without a reason: set aside no more.
    static let setAsideChanges = Statement(
        "set_aside_changes",
        """
        SELECT c.version, c.table_name, c.key, s.reason FROM (
            SELECT n.*, \(bytesBefore("key", "version", rows: 2)) AS before FROM (
                SELECT * FROM trunkline.set_aside_change WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3) n
        ) c LEFT JOIN trunkline.set_aside s
            ON s.stream = c.stream AND s.table_name = c.table_name AND md5(s.key) = md5(c.key) AND s.key = c.key
        WHERE c.before < \(Ack.maximalListBytes) ORDER BY c.version
        """)

    /// `$3`: the version through which it told of the list. What is left to tell goes with the next one, at once.
    ///
    /// Says false where a lane has what is to be changed in hand: it may take long, and the acks of the other streams wait.
    /// It has the stream's row for as long as it stores a batch, which an ack that told nothing new does not need.
    static let ackPublished = Statement(
        "ack_published",
        """
        WITH news AS (
            SELECT FROM trunkline.inbound WHERE stream = $1 AND told_version < $3
        ), free_stream AS (
            SELECT stream FROM trunkline.inbound WHERE stream = $1 AND EXISTS (SELECT FROM news) FOR UPDATE SKIP LOCKED
        ), free AS (
            SELECT stream FROM trunkline.pending_ack
            WHERE stream = $1 AND (NOT EXISTS (SELECT FROM news) OR EXISTS (SELECT FROM free_stream))
            FOR UPDATE SKIP LOCKED
        ), told AS (
            UPDATE trunkline.inbound SET told_version = greatest(told_version, $3), told_at = clock_timestamp()
            WHERE stream IN (SELECT stream FROM free_stream)
            RETURNING takes_differences AND set_aside_version > told_version AS has_more
        ), published AS (
            UPDATE trunkline.pending_ack SET whole = false, verification = NULL, pending = coalesce(
                (SELECT has_more FROM told),
                (SELECT takes_differences AND set_aside_version > told_version FROM trunkline.inbound WHERE stream = $1))
            WHERE stream IN (SELECT stream FROM free) AND serial = $2
        )
        SELECT EXISTS (SELECT FROM free) OR NOT EXISTS (SELECT FROM trunkline.pending_ack WHERE stream = $1)
        """)
}
