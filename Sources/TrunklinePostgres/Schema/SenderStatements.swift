import TrunklineCore

/// The statements of the sending side.
enum SenderStatements {
    private static let claimColumns = """
        o.epoch, b.number, b.id, b.previous_id, b.attempts, b.changes, b.verification, a.watermark,
            array_to_json(o.past_epochs), o.recovery, a.set_aside_version, a.receiver_keeps_shapes,
            trunkline.shared_content(b.stream, b.number), CASE WHEN EXISTS (
                SELECT FROM trunkline.synced_table s WHERE s.captured AND s.conflict IS NOT NULL)
                THEN (extract(epoch FROM clock_timestamp()) * 1000)::bigint END,
            trunkline.joined_tables(b.stream), o.told_joined
        """

    static let claim = Statement(
        "claim",
        """
        SELECT \(claimColumns) FROM trunkline.claim_batch($1, $2, $3) b
        JOIN trunkline.outbound o ON o.stream = b.stream JOIN trunkline.outbound_ack a ON a.stream = b.stream
        """)

    static let split = Statement(
        "split",
        """
        SELECT \(claimColumns) FROM trunkline.split_batch($1, $2, $3, $4) b
        JOIN trunkline.outbound o ON o.stream = b.stream JOIN trunkline.outbound_ack a ON a.stream = b.stream
        """)

    /// Moves with each change that anybody writes, committed or not.
    static let lastChange = Statement(
        "last_change",
        "SELECT a.last_value # c.last_value FROM trunkline.activity a, trunkline.change_seq_seq c")

    /// What ``StoreNews/changes`` looks for.
    static let news = Statement("news", "SELECT string_agg(stream || ' ' || last_number, ',') FROM trunkline.news")

    static let streams = Statement("outbound_streams", "SELECT stream FROM trunkline.outbound ORDER BY stream")
    static let withWork = Statement("with_work", "SELECT * FROM trunkline.with_work($1, $2)")

    /// `$1`: how old a batch is that is late, in seconds.
    static let reapable = Statement(
        "reapable",
        """
        SELECT stream, bool_or(state = 'acked'), bool_or(state = 'sent' AND (
            sent_at <= clock_timestamp() - make_interval(secs => $1::float8) OR sent_at > clock_timestamp()))
        FROM trunkline.batch GROUP BY stream ORDER BY stream
        """)

    static let hold = Statement("hold_changes", "SELECT trunkline.hold_changes($1, $2, $3, $4::integer[])")

    /// The bytes of what a table and its partitions keep out of line.
    static let outOfLine = Statement(
        "out_of_line",
        """
        SELECT coalesce(sum(pg_relation_size(c.reltoastrelid)), 0)
        FROM trunkline.partition_tree(to_regclass($1)) p JOIN pg_class c ON c.oid = p.relid WHERE c.reltoastrelid <> 0
        """)

    static let release = Statement(
        "release",
        """
        WITH released AS (
            UPDATE trunkline.batch SET state = 'pending'
            WHERE stream = $1 AND number = $2 AND attempts = $3 AND state = 'sent' RETURNING 1)
        SELECT pg_notify('trunkline_changes', '') FROM released
        """)

    /// The time-out of attempt n is timeout × 2^(n-1), at most the ceiling, up to 10 % longer by the batch's id.
    static let resetStale = Statement(
        "reset_stale",
        """
        WITH due AS (
            SELECT stream, number, attempts,
                least($2::float8 * 2 ^ least(attempts - 1, 40), $3::float8)
                    * (1 + abs(hashtext(id::text || attempts::text)) % 1000 / 10000.0) AS timeout
            FROM trunkline.batch WHERE stream = $1 AND state = 'sent'
        ), reset AS (
            UPDATE trunkline.batch b SET state = 'pending' FROM due d
            WHERE b.stream = d.stream AND b.number = d.number AND b.attempts = d.attempts AND b.state = 'sent'
                AND (b.sent_at < clock_timestamp() - make_interval(secs => d.timeout)
                    OR b.sent_at > clock_timestamp())  -- the clock was set back: the quiet time alone decides
                AND d.timeout < $4::float8
            RETURNING 1
        )
        SELECT pg_notify('trunkline_changes', '') FROM reset
        """)

    static let prune = Statement("prune", "SELECT trunkline.prune_batch($1)")
    static let pruneWaves = Statement("prune_waves", "SELECT trunkline.prune_waves()")
    static let pruneShared = Statement("prune_shared", "SELECT trunkline.prune_shared()")
    /// `$1`: below so many lines for all branches it does not pay.
    static let compactBehind = Statement(
        "compact_behind", "SELECT trunkline.compact_behind($1) OR trunkline.compact_own($1)")

    static let batchID = Statement("batch_id", "SELECT id FROM trunkline.batch WHERE stream = $1 AND number = $2")

    static let ackState = Statement(
        "ack_state",
        """
        SELECT o.epoch, array_to_json(o.past_epochs), o.last_number, a.watermark, a.set_aside_version, a.set_aside_total,
            a.receiver_keeps_shapes, a.differences, a.header_version,
            o.resent_at BETWEEN clock_timestamp() - make_interval(secs => \(AckDecision.secondsBetweenResends)) AND clock_timestamp()
        FROM trunkline.outbound o JOIN trunkline.outbound_ack a USING (stream) WHERE o.stream = $1 FOR UPDATE OF o, a
        """)

    static let ackBatches = Statement(
        "ack_batches",
        """
        WITH acked AS (
            UPDATE trunkline.batch SET state = 'acked', acked_at = now()
            WHERE stream = $1 AND number <= $2 AND state <> 'acked'
            RETURNING number, id, coalesce(rows, changes) AS rows, coalesce(bytes, 0) AS bytes
        ), noted AS (
            UPDATE trunkline.outbound_ack SET watermark = greatest(watermark, $2), last_contact = now(), held = $3,
                acked_rows = acked_rows + (SELECT coalesce(sum(rows), 0) FROM acked)
            WHERE stream = $1
        )
        SELECT number, id, rows, bytes, pg_notify('trunkline_changes', '') FROM acked ORDER BY number
        """)

    /// `$3`: the epoch that the receiver follows, which a recovery follows too.
    static let stop = Statement(
        "stop",
        """
        WITH stopped AS (
            UPDATE trunkline.outbound_ack SET stopped = coalesce(stopped, $2), last_contact = now() WHERE stream = $1
        )
        UPDATE trunkline.outbound SET receiver_epoch = nullif($3, epoch) WHERE stream = $1
        """)

    /// A stop of our own, of which the receiver is to be told; `$3` as in ``stop``.
    static let halt = Statement(
        "halt",
        """
        WITH stopped AS (
            UPDATE trunkline.outbound_ack SET stopped = coalesce(stopped, $2), last_contact = now(),
                halt_untold = halt_untold OR stopped IS NULL
            WHERE stream = $1
        ), receiver AS (
            UPDATE trunkline.outbound SET receiver_epoch = nullif($3, epoch) WHERE stream = $1
        )
        SELECT pg_notify('trunkline_changes', '')
        """)
    static let pendingHalt = Statement(
        "pending_halt",
        """
        SELECT coalesce(o.receiver_epoch, o.epoch), a.stopped
        FROM trunkline.outbound o JOIN trunkline.outbound_ack a USING (stream) WHERE stream = $1 AND a.halt_untold
        """)
    static let haltTold = Statement(
        "halt_told", "UPDATE trunkline.outbound_ack SET halt_untold = false WHERE stream = $1")

    static let differences = Statement(
        "differences", "SELECT differences FROM trunkline.outbound_ack WHERE stream = $1")
    static let noteDifferences = Statement(
        "note_differences",
        "UPDATE trunkline.outbound_ack SET differences = $2, header_version = $3 WHERE stream = $1")

    /// Where the receiver lacks a shape, whatever is in flight may name it.
    static let noteShapes = Statement(
        "note_receiver_shapes",
        """
        WITH noted AS (
            UPDATE trunkline.outbound_ack SET receiver_keeps_shapes = $2 WHERE stream = $1
        ), again AS (
            UPDATE trunkline.batch SET state = 'pending' WHERE stream = $1 AND state = 'sent' AND NOT $2 RETURNING 1)
        SELECT pg_notify('trunkline_changes', '') FROM again
        """)

    static let refusedVersion = Statement(
        "refused_version",
        "UPDATE trunkline.outbound_ack SET set_aside_version = $2, set_aside_total = $3 WHERE stream = $1")
    /// What the receiver said to have set aside, but for the rows of these tables and keys.
    static let forgetRefused = Statement(
        "forget_refused",
        """
        DELETE FROM trunkline.refused_row r WHERE r.stream = $1 AND NOT r.at_sender AND NOT EXISTS (
            SELECT FROM unnest($2::text[], $3::text[]) AS given (table_name, key)
            WHERE given.table_name = r.table_name AND given.key = r.key)
        """)

    /// `$2` to `$4` are arrays, a row each: those with a reason are set aside, since when they were; those without are
    /// not any more.
    static let changeRefused = Statement(
        "change_refused",
        """
        WITH given AS (
            SELECT * FROM unnest($2::text[], $3::text[], $4::text[]) AS given (table_name, key, reason)
        ), known AS (
            DELETE FROM trunkline.refused_row r USING given g
            WHERE r.stream = $1 AND NOT r.at_sender AND r.table_name = g.table_name AND md5(r.key) = md5(g.key)
                AND r.key = g.key
            RETURNING r.table_name, r.key, r.since
        )
        INSERT INTO trunkline.refused_row (stream, table_name, key, reason, at_sender, since)
        SELECT $1, g.table_name, g.key, g.reason, false, coalesce(k.since, now())
        FROM given g LEFT JOIN (SELECT table_name, key, min(since) AS since FROM known GROUP BY 1, 2) k
            USING (table_name, key)
        WHERE g.reason IS NOT NULL
        """)

    static func noticedTables(_ entry: RowKey) -> Statement {
        Statement(
            entry == .wholeTable ? "untaken_tables" : "tables_in_part",
            "SELECT table_name FROM trunkline.refused_row WHERE stream = $1 AND key = '\(entry)' AND NOT at_sender")
    }
    static let noticeSize = Statement(
        "notice_size",
        """
        SELECT count(*), coalesce(sum(octet_length(key) + octet_length(reason)), 0)
        FROM trunkline.refused_row WHERE stream = $1 AND NOT at_sender
        """)
    static let keepRefused = Statement(
        "keep_refused",
        "INSERT INTO trunkline.refused_row (stream, table_name, key, reason, at_sender) VALUES ($1, $2, $3, $4, true)")
    static let forgetOwnRefused = Statement(
        "forget_own_refused",
        "DELETE FROM trunkline.refused_row WHERE stream = $1 AND at_sender AND table_name = $2 AND key = $3")
    /// `$3`: keys, as a text[].
    static let forgetOwnRefusedKeys = Statement(
        "forget_own_refused_keys",
        """
        DELETE FROM trunkline.refused_row
        WHERE ($1::text IS NULL OR stream = $1) AND at_sender AND table_name = $2 AND key = ANY ($3::text[])
        """)
    static let anyOwnRefused = Statement(
        "any_own_refused",
        "SELECT EXISTS (SELECT FROM trunkline.refused_row WHERE ($1::text IS NULL OR stream = $1) AND at_sender)")

    /// With an old result the wish for it goes, which nobody could see to be answered any more.
    static let keepResult = Statement(
        "keep_result",
        """
        WITH old AS (
            DELETE FROM trunkline.verification_result WHERE (id, stream) IN (
                SELECT id, stream FROM trunkline.verification_result WHERE stream = $2
                ORDER BY finished_at DESC OFFSET \(VerificationLimit.keptResults))
            RETURNING id, stream
        ), answered AS (
            DELETE FROM trunkline.verification_request r USING old WHERE r.id = old.id AND r.stream = old.stream
        )
        INSERT INTO trunkline.verification_result AS r (id, stream, round, result) VALUES ($1, $2, $3, $4)
        ON CONFLICT (id, stream) DO UPDATE SET round = EXCLUDED.round, result = EXCLUDED.result, finished_at = now()
        WHERE r.round <= EXCLUDED.round
        """)

    /// A second round goes only where the first one was asked for.
    static let request = Statement(
        "request_verification",
        """
        WITH too_old AS (
            DELETE FROM trunkline.verification_request WHERE $2 = 1 AND NOT EXISTS (
                SELECT FROM trunkline.verification_request WHERE id = $1 AND stream = $3) AND (id, stream) IN (
                SELECT r.id, r.stream FROM trunkline.verification_request r JOIN trunkline.outbound o USING (stream)
                WHERE r.stream = $3 AND r.round = 1 AND r.formed_number IS NULL AND r.id IS DISTINCT FROM o.recovery_id
                ORDER BY r.requested_at DESC OFFSET \(VerificationLimit.waiting - 1))
        ), asked AS (
            INSERT INTO trunkline.verification_request (id, round, stream, request) SELECT $1, $2, $3, $4
            WHERE $2 = 1 OR EXISTS (
                SELECT FROM trunkline.verification_request WHERE id = $1 AND stream = $3 AND round = 1)
            ON CONFLICT DO NOTHING RETURNING 1)
        SELECT pg_notify('trunkline_changes', '') FROM asked
        """)

    static let forgetRequest = Statement(
        "forget_request", "DELETE FROM trunkline.verification_request WHERE id = $1 AND stream = $2")

    /// While a recovery goes on, only it asks: the answer to anybody else is of the time after it.
    static let openRequest = Statement(
        "open_request",
        """
        SELECT r.id, r.round, r.request FROM trunkline.verification_request r JOIN trunkline.outbound o USING (stream)
        WHERE r.stream = $1 AND r.formed_number IS NULL AND (o.recovery <> 'compare' AND r.id <> o.recovery_id) IS NOT TRUE
        ORDER BY r.requested_at LIMIT 1
        """)

    static let lockStream = Statement(
        "lock_outbound", "SELECT FROM trunkline.outbound WHERE stream = $1 FOR UPDATE")
    /// Whether the load of the table `s` finds its rows, as far as it is known.
    private static let canGoOn = """
        s.captured AND to_regclass(s.relation) IS NOT NULL
            AND has_table_privilege(to_regclass(s.relation), 'SELECT')
            AND (s.reading_problem IS NULL OR s.read_again_at <= clock_timestamp())
            AND (SELECT k.columns FROM trunkline.key_of(s.id) k) IS NOT NULL
        """

    /// Whether every change that this snapshot sees, and every row to load, belongs to a batch.
    static let isBatched = Statement(
        "is_batched",
        """
        SELECT o.recovery IN ('compare', 'keep-head') IS TRUE
            OR (trunkline.next_cut(p.destination, p.lower, p.upper, p.at_transaction, p.at_seq, 1)).n = 0
                AND (trunkline.next_cut(p.destination, p.upper, pg_current_snapshot(), '0', 0, 1)).n = 0
                AND NOT EXISTS (SELECT FROM trunkline.load l JOIN trunkline.synced_table s ON s.id = l.table_id
                    WHERE l.stream = p.stream AND \(canGoOn))
        FROM trunkline.position p JOIN trunkline.outbound o USING (stream) WHERE p.stream = $1
        """)

    /// Whether a load of a table that can be read has rows that belong to no batch.
    static let isLoading = Statement(
        "is_loading",
        """
        SELECT trunkline.sends_changes($1)
            AND EXISTS (SELECT FROM trunkline.load l JOIN trunkline.synced_table s ON s.id = l.table_id
                WHERE l.stream = $1 AND \(canGoOn))
        """)

    /// Of the wish `r`.
    static let isUnanswered = """
        NOT EXISTS (SELECT FROM trunkline.verification_result v
            WHERE v.id = r.id AND v.stream = r.stream AND v.round >= r.round)
        """

    /// Wishes whose answer did not come with the ack of their batch (`$2`: the watermark) are asked once more: it was lost.
    static let askAgain = Statement(
        "ask_again",
        """
        UPDATE trunkline.verification_request r SET formed_number = NULL
        WHERE stream = $1 AND formed_number <= $2 AND \(isUnanswered)
        """)

    /// A batch of no changes that carries a claim.
    static let formClaim = Statement(
        "form_claim",
        """
        WITH o AS (
            UPDATE trunkline.outbound SET last_number = last_number + 1 WHERE stream = $1 RETURNING *
        ), b AS (
            INSERT INTO trunkline.batch (stream, number, previous_id, after_wave, last_wave, from_transaction, from_seq,
                to_transaction, to_seq, changes, verification)
            SELECT stream, last_number, last_id, after_wave, last_wave, at_transaction, at_seq, at_transaction, at_seq,
                0, $2
            FROM o RETURNING number, id
        )
        SELECT number, id, pg_notify('trunkline_changes', '') FROM b
        """)
    /// A batch of no changes, when all is acked and the last ack came longer than `$2` seconds ago (or after now: the
    /// clock was set back).
    static let formIdleBatch = Statement(
        "form_idle_batch",
        """
        WITH idle AS (
            SELECT o.*, gen_random_uuid() AS id FROM trunkline.outbound o JOIN trunkline.outbound_ack a USING (stream)
            WHERE o.stream = $1 AND a.stopped IS NULL AND o.recovery IS NULL
                AND o.last_number > 0 AND a.watermark = o.last_number
                AND a.last_contact NOT BETWEEN now() - make_interval(secs => $2::float8) AND now()
            FOR UPDATE OF o, a
        ), numbered AS (
            UPDATE trunkline.outbound o SET last_number = idle.last_number + 1, last_id = idle.id
            FROM idle WHERE o.stream = idle.stream
        ), formed AS (
            INSERT INTO trunkline.batch (stream, number, id, previous_id, after_wave, last_wave, from_transaction,
                from_seq, to_transaction, to_seq, changes)
            SELECT stream, last_number + 1, id, last_id, after_wave, last_wave, at_transaction, at_seq, at_transaction,
                at_seq, 0
            FROM idle RETURNING number
        )
        SELECT number, pg_notify('trunkline_changes', '') FROM formed
        """)

    static let lastID = Statement("last_id", "UPDATE trunkline.outbound SET last_id = $2 WHERE stream = $1")
    static let requestFormed = Statement(
        "request_formed",
        """
        UPDATE trunkline.verification_request SET formed_number = $3 WHERE id = $1 AND round = $2 AND stream = $4
        """)

    /// What a claimed batch covers: its waves, whether they are one, and the cut.
    static let range = Statement(
        "range",
        """
        SELECT before.snapshot, last.snapshot, b.after_wave + 1 = b.last_wave, b.from_transaction, b.from_seq,
            b.to_transaction, b.to_seq, b.without, b.load_table, b.load_after, b.load_through, b.load_new,
            b.load_sweeps
        FROM trunkline.batch b JOIN trunkline.wave before ON before.number = b.after_wave
        JOIN trunkline.wave last ON last.number = b.last_wave
        WHERE b.stream = $1 AND b.number = $2
        """)
}
