
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA trunkline;

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE trunkline.batch (
    stream text NOT NULL,
    number bigint NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    previous_id uuid,
    state text DEFAULT 'pending'::text NOT NULL,
    late xid8[] NOT NULL,
    floor xid8 NOT NULL,
    upper pg_snapshot NOT NULL,
    from_transaction xid8 NOT NULL,
    from_seq bigint NOT NULL,
    to_transaction xid8 NOT NULL,
    to_seq bigint NOT NULL,
    changes integer NOT NULL,
    oldest_at timestamp with time zone,
    rows integer,
    bytes integer,
    formed_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    acked_at timestamp with time zone,
    verification text,
    CONSTRAINT batch_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'sent'::text, 'acked'::text])))
);

CREATE FUNCTION trunkline.claim_batch(p_stream text, p_window integer, p_changes integer) RETURNS SETOF trunkline.batch
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    next bigint;
BEGIN
    PERFORM FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
    IF (SELECT stopped FROM trunkline.outbound_ack WHERE stream = p_stream) IS NOT NULL
        OR (SELECT count(*) FROM trunkline.batch WHERE stream = p_stream AND state = 'sent') >= p_window
    THEN
        RETURN;
    END IF;
    IF (SELECT pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmax(upper) FROM trunkline.outbound
        WHERE stream = p_stream)
    THEN
        UPDATE trunkline.outbound_ack SET halt_untold = true,
            stopped = 'the server''s transaction ids are lower than this database''s: it was restored from a dump'
            WHERE stream = p_stream;
        RETURN;
    END IF;
    SELECT min(number) INTO next FROM trunkline.batch WHERE stream = p_stream AND state = 'pending';
    IF next IS NULL AND trunkline.sends_changes(p_stream) THEN
        next := trunkline.form_batch(p_stream, p_changes);
    END IF;
    RETURN QUERY UPDATE trunkline.batch SET state = 'sent', sent_at = clock_timestamp(), attempts = attempts + 1
        WHERE stream = p_stream AND number = next AND state = 'pending' RETURNING *;
END
$$;

CREATE TABLE trunkline.outbound (
    stream text NOT NULL,
    epoch uuid DEFAULT gen_random_uuid() NOT NULL,
    last_number bigint DEFAULT 0 NOT NULL,
    last_id uuid,
    late xid8[] DEFAULT '{}'::xid8[] NOT NULL,
    floor xid8 DEFAULT '0'::xid8 NOT NULL,
    upper pg_snapshot DEFAULT '1:1:'::pg_snapshot NOT NULL,
    at_transaction xid8 DEFAULT '0'::xid8 NOT NULL,
    at_seq bigint DEFAULT 0 NOT NULL,
    past_epochs uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    receiver_epoch uuid,
    recovery text,
    recovery_id uuid,
    recovery_passes integer DEFAULT 0 NOT NULL,
    recovery_new_keys boolean DEFAULT false NOT NULL,
    recovery_report text,
    CONSTRAINT outbound_recovery_check CHECK ((recovery = ANY (ARRAY['compare'::text, 'keep-branch'::text, 'keep-head'::text, 'resend'::text])))
);

CREATE FUNCTION trunkline.compact_wave(o trunkline.outbound) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_bitmapscan TO 'off'
    AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM trunkline.change WHERE op <> 'i' AND transaction = ANY (o.late) AND transaction > o.at_transaction AND pg_visible_in_snapshot(transaction, o.upper)
UNION ALL
SELECT 1 FROM trunkline.change WHERE op <> 'i' AND transaction >= o.floor AND (transaction, seq) > (o.at_transaction, o.at_seq) AND pg_visible_in_snapshot(transaction, o.upper)) THEN
        DELETE FROM trunkline.change c USING (
            SELECT transaction, seq,
                row_number() OVER (PARTITION BY table_id, key ORDER BY transaction, seq) AS occurrence
            FROM (
                SELECT transaction, seq, table_id, key FROM trunkline.change WHERE transaction = ANY (o.late) AND transaction > o.at_transaction AND pg_visible_in_snapshot(transaction, o.upper)
UNION ALL
SELECT transaction, seq, table_id, key FROM trunkline.change WHERE transaction >= o.floor AND (transaction, seq) > (o.at_transaction, o.at_seq) AND pg_visible_in_snapshot(transaction, o.upper)
            ) w
        ) d WHERE d.occurrence > 1 AND c.transaction = d.transaction AND c.seq = d.seq;
    END IF;
END
$$;

CREATE FUNCTION trunkline.form_batch(p_stream text, p_changes integer) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
DECLARE
    o trunkline.outbound;
    cut record;
    oldest timestamptz;
    opened boolean := false;
BEGIN
    SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
    LOOP
        cut := NULL;
        IF cardinality(o.late) > 0 THEN
            SELECT transaction, seq, p_changes::bigint AS n INTO cut FROM trunkline.change WHERE transaction = o.at_transaction AND o.at_transaction = ANY (o.late) AND seq > o.at_seq AND pg_visible_in_snapshot(transaction, o.upper)
    ORDER BY transaction, seq OFFSET p_changes - 1 LIMIT 1;
IF NOT FOUND THEN
    SELECT transaction, seq, (SELECT count(*) FROM trunkline.change WHERE transaction = o.at_transaction AND o.at_transaction = ANY (o.late) AND seq > o.at_seq AND pg_visible_in_snapshot(transaction, o.upper)) AS n INTO cut
        FROM trunkline.change WHERE transaction = o.at_transaction AND o.at_transaction = ANY (o.late) AND seq > o.at_seq AND pg_visible_in_snapshot(transaction, o.upper)
        ORDER BY transaction DESC, seq DESC LIMIT 1;
END IF;
IF FOUND THEN
    SELECT at INTO oldest FROM trunkline.change WHERE transaction = o.at_transaction AND o.at_transaction = ANY (o.late) AND seq > o.at_seq AND pg_visible_in_snapshot(transaction, o.upper)
        ORDER BY transaction, seq LIMIT 1;
END IF;
            IF cut IS NULL THEN
                SELECT transaction, seq, p_changes::bigint AS n INTO cut FROM trunkline.change WHERE transaction = ANY (o.late) AND transaction > o.at_transaction AND pg_visible_in_snapshot(transaction, o.upper)
    ORDER BY transaction, seq OFFSET p_changes - 1 LIMIT 1;
IF NOT FOUND THEN
    SELECT transaction, seq, (SELECT count(*) FROM trunkline.change WHERE transaction = ANY (o.late) AND transaction > o.at_transaction AND pg_visible_in_snapshot(transaction, o.upper)) AS n INTO cut
        FROM trunkline.change WHERE transaction = ANY (o.late) AND transaction > o.at_transaction AND pg_visible_in_snapshot(transaction, o.upper)
        ORDER BY transaction DESC, seq DESC LIMIT 1;
END IF;
IF FOUND THEN
    SELECT at INTO oldest FROM trunkline.change WHERE transaction = ANY (o.late) AND transaction > o.at_transaction AND pg_visible_in_snapshot(transaction, o.upper)
        ORDER BY transaction, seq LIMIT 1;
END IF;
            END IF;
        END IF;
        IF cut IS NULL THEN
            SELECT transaction, seq, p_changes::bigint AS n INTO cut FROM trunkline.change WHERE transaction >= o.floor AND (transaction, seq) > (o.at_transaction, o.at_seq) AND pg_visible_in_snapshot(transaction, o.upper)
    ORDER BY transaction, seq OFFSET p_changes - 1 LIMIT 1;
IF NOT FOUND THEN
    SELECT transaction, seq, (SELECT count(*) FROM trunkline.change WHERE transaction >= o.floor AND (transaction, seq) > (o.at_transaction, o.at_seq) AND pg_visible_in_snapshot(transaction, o.upper)) AS n INTO cut
        FROM trunkline.change WHERE transaction >= o.floor AND (transaction, seq) > (o.at_transaction, o.at_seq) AND pg_visible_in_snapshot(transaction, o.upper)
        ORDER BY transaction DESC, seq DESC LIMIT 1;
END IF;
IF FOUND THEN
    SELECT at INTO oldest FROM trunkline.change WHERE transaction >= o.floor AND (transaction, seq) > (o.at_transaction, o.at_seq) AND pg_visible_in_snapshot(transaction, o.upper)
        ORDER BY transaction, seq LIMIT 1;
END IF;
        END IF;
        IF cut IS NULL THEN
            IF opened THEN RETURN NULL; END IF;
            o.late := ARRAY(SELECT pg_snapshot_xip(o.upper));
            o.floor := pg_snapshot_xmax(o.upper);
            o.upper := pg_current_snapshot();
            o.at_transaction := '0';
            o.at_seq := 0;
            opened := true;
            PERFORM FROM trunkline.change WHERE transaction >= o.floor AND (transaction, seq) > (o.at_transaction, o.at_seq) AND pg_visible_in_snapshot(transaction, o.upper)
                ORDER BY transaction, seq OFFSET p_changes LIMIT 1;
            IF FOUND THEN PERFORM trunkline.compact_wave(o); END IF;
        ELSE
            EXIT;
        END IF;
    END LOOP;
    INSERT INTO trunkline.batch (stream, number, previous_id, late, floor, upper, from_transaction, from_seq,
            to_transaction, to_seq, changes, oldest_at)
        VALUES (p_stream, o.last_number + 1, o.last_id, o.late, o.floor, o.upper, o.at_transaction, o.at_seq,
            cut.transaction, cut.seq, cut.n, oldest)
        RETURNING id INTO o.last_id;
    UPDATE trunkline.outbound SET last_number = o.last_number + 1, last_id = o.last_id, late = o.late,
        floor = o.floor, upper = o.upper, at_transaction = cut.transaction, at_seq = cut.seq
        WHERE stream = p_stream;
    RETURN o.last_number + 1;
END
$$;

CREATE FUNCTION trunkline.prune_batch(p_stream text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
DECLARE
    b trunkline.batch;
BEGIN
    DELETE FROM trunkline.batch WHERE stream = p_stream AND number = (
        SELECT number FROM trunkline.batch WHERE stream = p_stream AND state = 'acked'
            AND (acked_at < now() - interval '1 minute'
                OR NOT EXISTS (SELECT FROM trunkline.batch WHERE stream = p_stream AND state <> 'acked'))
        ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING * INTO b;
    IF b.number IS NULL THEN RETURN false; END IF;
    DELETE FROM trunkline.change WHERE b.from_transaction = ANY (b.late) AND transaction = b.from_transaction AND seq > b.from_seq AND seq <= CASE WHEN b.from_transaction < b.to_transaction THEN 9223372036854775807 ELSE b.to_seq END AND pg_visible_in_snapshot(transaction, b.upper);
DELETE FROM trunkline.change WHERE transaction = ANY (b.late) AND transaction > b.from_transaction AND transaction < b.to_transaction AND pg_visible_in_snapshot(transaction, b.upper);
DELETE FROM trunkline.change WHERE b.to_transaction = ANY (b.late) AND b.from_transaction < b.to_transaction AND transaction = b.to_transaction AND seq <= b.to_seq AND pg_visible_in_snapshot(transaction, b.upper);
DELETE FROM trunkline.change WHERE b.from_transaction >= b.floor AND transaction = b.from_transaction AND seq > b.from_seq AND seq <= CASE WHEN b.from_transaction < b.to_transaction THEN 9223372036854775807 ELSE b.to_seq END AND pg_visible_in_snapshot(transaction, b.upper);
DELETE FROM trunkline.change WHERE transaction >= b.floor AND transaction > b.from_transaction AND transaction < b.to_transaction AND pg_visible_in_snapshot(transaction, b.upper);
DELETE FROM trunkline.change WHERE b.to_transaction >= b.floor AND b.from_transaction < b.to_transaction AND transaction = b.to_transaction AND seq <= b.to_seq AND pg_visible_in_snapshot(transaction, b.upper);
    RETURN true;
END
$$;

CREATE FUNCTION trunkline.sends_changes(p_stream text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT coalesce(recovery NOT IN ('compare', 'keep-head'), true) FROM trunkline.outbound
    WHERE stream = p_stream
$$;

CREATE FUNCTION trunkline.shrink_batch(p_stream text, p_number bigint, p_attempt integer, p_changes integer) RETURNS SETOF trunkline.batch
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    AS $$
DECLARE
    o trunkline.outbound;
    b trunkline.batch;
    cut record;
BEGIN
    SELECT * INTO STRICT o FROM trunkline.outbound WHERE stream = p_stream FOR UPDATE;
    SELECT * INTO b FROM trunkline.batch WHERE stream = p_stream AND number = p_number AND state = 'sent'
        AND attempts = p_attempt AND verification IS NULL;
    IF b.number IS NULL OR b.number <> o.last_number OR p_attempt > 1 THEN RETURN; END IF;
    SELECT w.transaction, w.seq INTO cut FROM (
        SELECT transaction, seq FROM trunkline.change WHERE b.from_transaction = ANY (b.late) AND transaction = b.from_transaction AND seq > b.from_seq AND seq <= CASE WHEN b.from_transaction < b.to_transaction THEN 9223372036854775807 ELSE b.to_seq END AND pg_visible_in_snapshot(transaction, b.upper)
UNION ALL
SELECT transaction, seq FROM trunkline.change WHERE transaction = ANY (b.late) AND transaction > b.from_transaction AND transaction < b.to_transaction AND pg_visible_in_snapshot(transaction, b.upper)
UNION ALL
SELECT transaction, seq FROM trunkline.change WHERE b.to_transaction = ANY (b.late) AND b.from_transaction < b.to_transaction AND transaction = b.to_transaction AND seq <= b.to_seq AND pg_visible_in_snapshot(transaction, b.upper)
UNION ALL
SELECT transaction, seq FROM trunkline.change WHERE b.from_transaction >= b.floor AND transaction = b.from_transaction AND seq > b.from_seq AND seq <= CASE WHEN b.from_transaction < b.to_transaction THEN 9223372036854775807 ELSE b.to_seq END AND pg_visible_in_snapshot(transaction, b.upper)
UNION ALL
SELECT transaction, seq FROM trunkline.change WHERE transaction >= b.floor AND transaction > b.from_transaction AND transaction < b.to_transaction AND pg_visible_in_snapshot(transaction, b.upper)
UNION ALL
SELECT transaction, seq FROM trunkline.change WHERE b.to_transaction >= b.floor AND b.from_transaction < b.to_transaction AND transaction = b.to_transaction AND seq <= b.to_seq AND pg_visible_in_snapshot(transaction, b.upper)
    ) w ORDER BY transaction, seq OFFSET p_changes - 1 LIMIT 1;
    IF cut.seq IS NULL OR (cut.transaction, cut.seq) >= (b.to_transaction, b.to_seq) THEN RETURN; END IF;
    UPDATE trunkline.outbound SET at_transaction = cut.transaction, at_seq = cut.seq WHERE stream = p_stream;
    RETURN QUERY UPDATE trunkline.batch
        SET to_transaction = cut.transaction, to_seq = cut.seq, changes = p_changes
        WHERE stream = p_stream AND number = p_number RETURNING *;
END
$$;

CREATE TABLE public.sale (
    branch_id text NOT NULL,
    id integer NOT NULL,
    n integer,
    name text,
    CONSTRAINT sale_n_check CHECK ((n > 0))
);

CREATE TABLE trunkline.branch (
    id text NOT NULL,
    broker_user text NOT NULL,
    suspended boolean DEFAULT false NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE trunkline.change (
    transaction xid8 NOT NULL,
    seq bigint NOT NULL,
    table_id integer NOT NULL,
    key text[] NOT NULL,
    op "char" NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0.02', autovacuum_vacuum_threshold='10000');

ALTER TABLE trunkline.change ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME trunkline.change_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE trunkline.inbound (
    stream text NOT NULL,
    epoch uuid NOT NULL,
    watermark bigint DEFAULT 0 NOT NULL,
    batch_id uuid,
    stored_rows bigint DEFAULT 0 NOT NULL,
    set_aside bigint DEFAULT 0 NOT NULL,
    set_aside_version bigint DEFAULT 0 NOT NULL,
    last_contact timestamp with time zone DEFAULT now() NOT NULL,
    stopped text,
    stopped_epoch uuid,
    stopped_number bigint,
    past_epochs uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    behind_epoch uuid,
    behind_number bigint
);

CREATE TABLE trunkline.kept_row (
    stream text NOT NULL,
    table_name text NOT NULL,
    key text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE trunkline.migration (
    step integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE trunkline.office (
    single boolean DEFAULT true NOT NULL,
    office text NOT NULL,
    role text NOT NULL,
    tables text[] NOT NULL,
    CONSTRAINT office_role_check CHECK ((role = ANY (ARRAY['head'::text, 'branch'::text]))),
    CONSTRAINT office_single_check CHECK (single)
);

CREATE TABLE trunkline.outbound_ack (
    stream text NOT NULL,
    watermark bigint DEFAULT 0 NOT NULL,
    acked_rows bigint DEFAULT 0 NOT NULL,
    set_aside_version bigint DEFAULT 0 NOT NULL,
    set_aside_total bigint DEFAULT 0 NOT NULL,
    last_contact timestamp with time zone,
    stopped text,
    halt_untold boolean DEFAULT false NOT NULL
);

CREATE TABLE trunkline.parked_batch (
    stream text NOT NULL,
    epoch uuid NOT NULL,
    number bigint NOT NULL,
    id uuid NOT NULL,
    message bytea NOT NULL,
    parked_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE trunkline.pending_ack (
    stream text NOT NULL,
    serial bigint DEFAULT 1 NOT NULL,
    seen_version bigint DEFAULT '-1'::integer NOT NULL,
    whole boolean DEFAULT false NOT NULL,
    pending boolean DEFAULT true NOT NULL,
    verification text,
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE trunkline.refused_row (
    stream text NOT NULL,
    table_name text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    at_sender boolean NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE trunkline.set_aside (
    id bigint NOT NULL,
    stream text NOT NULL,
    table_name text NOT NULL,
    key text NOT NULL,
    op text NOT NULL,
    table_header text NOT NULL,
    line text NOT NULL,
    reason text NOT NULL,
    code text,
    number bigint NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    tries integer DEFAULT 1 NOT NULL,
    last_tried timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT set_aside_op_check CHECK ((op = ANY (ARRAY['row'::text, 'delete'::text])))
);

ALTER TABLE trunkline.set_aside ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME trunkline.set_aside_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE trunkline.superseded_row (
    id bigint NOT NULL,
    stream text NOT NULL,
    table_name text NOT NULL,
    "row" json NOT NULL,
    reason text NOT NULL,
    new_key text,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE trunkline.superseded_row ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME trunkline.superseded_row_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE trunkline.synced_table (
    id integer NOT NULL,
    name text NOT NULL,
    relation text NOT NULL,
    key_columns text[] NOT NULL,
    captured boolean DEFAULT false NOT NULL,
    loaded boolean DEFAULT false NOT NULL
);

ALTER TABLE trunkline.synced_table ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME trunkline.synced_table_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW trunkline.unbatched AS
 SELECT o.stream,
    c.transaction,
    c.seq,
    c.table_id,
    c.key,
    c.op,
    c.at
   FROM (trunkline.change c
     CROSS JOIN trunkline.outbound o)
  WHERE ((NOT pg_visible_in_snapshot(c.transaction, o.upper)) OR (((c.transaction >= o.floor) OR (c.transaction = ANY (o.late))) AND (ROW(c.transaction, c.seq) > ROW(o.at_transaction, o.at_seq))));

CREATE TABLE trunkline.verification_request (
    id uuid NOT NULL,
    round integer NOT NULL,
    stream text NOT NULL,
    request text NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    formed_number bigint
);

CREATE TABLE trunkline.verification_result (
    id uuid NOT NULL,
    stream text NOT NULL,
    round integer NOT NULL,
    result text NOT NULL,
    finished_at timestamp with time zone DEFAULT now() NOT NULL
);

INSERT INTO public.sale VALUES ('east', 1, 1, 'one');
INSERT INTO public.sale VALUES ('east', 2, 2, 'two');
INSERT INTO public.sale VALUES ('east', 4, 4, 'four');
INSERT INTO public.sale VALUES ('east', 5, 5, 'five');

INSERT INTO trunkline.branch VALUES ('east', 'trunkline.pg.east', false, '2026-11-26 02:56:35.046118+00');

INSERT INTO trunkline.inbound VALUES ('east>head', '858f0302-7028-44b3-82e5-4da0a36460bd', 1, 'fb98540a-17ff-4021-8804-3a0657dbf503', 4, 1, 1, '2026-11-26 02:56:55.877238+00', NULL, NULL, NULL, '{}', NULL, NULL);

INSERT INTO trunkline.migration VALUES (1, '2026-11-26 02:56:33.312731+00');

INSERT INTO trunkline.office VALUES (true, 'head', 'head', '{}');

INSERT INTO trunkline.pending_ack VALUES ('east>head', 1, 0, false, false, NULL, '2026-11-26 02:56:55.877238+00');

INSERT INTO trunkline.set_aside OVERRIDING SYSTEM VALUE VALUES (1, 'east>head', 'sale', '["3"]', 'row', '{"name":"sale","deletes":0,"columns":[{"type":"integer","name":"id"},{"type":"integer","name":"n"},{"type":"text","name":"name"}],"deleteBytes":0,"allNew":true,"key":["id"],"rowBytes":43,"rows":5}', '3	-3	bad
', 'new row for relation "sale" violates check constraint "sale_n_check"', '23514', 1, '2026-11-26 02:56:55.877238+00', 1, '2026-11-26 02:56:55.877238+00');

SELECT pg_catalog.setval('trunkline.change_seq_seq', 1, false);

SELECT pg_catalog.setval('trunkline.set_aside_id_seq', 1, true);

SELECT pg_catalog.setval('trunkline.superseded_row_id_seq', 1, false);

SELECT pg_catalog.setval('trunkline.synced_table_id_seq', 1, false);

ALTER TABLE ONLY public.sale
    ADD CONSTRAINT sale_pkey PRIMARY KEY (branch_id, id);

ALTER TABLE ONLY trunkline.batch
    ADD CONSTRAINT batch_pkey PRIMARY KEY (stream, number);

ALTER TABLE ONLY trunkline.branch
    ADD CONSTRAINT branch_broker_user_key UNIQUE (broker_user);

ALTER TABLE ONLY trunkline.branch
    ADD CONSTRAINT branch_pkey PRIMARY KEY (id);

ALTER TABLE ONLY trunkline.change
    ADD CONSTRAINT change_pkey PRIMARY KEY (transaction, seq);

ALTER TABLE ONLY trunkline.inbound
    ADD CONSTRAINT inbound_pkey PRIMARY KEY (stream);

ALTER TABLE ONLY trunkline.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (step);

ALTER TABLE ONLY trunkline.office
    ADD CONSTRAINT office_pkey PRIMARY KEY (single);

ALTER TABLE ONLY trunkline.outbound_ack
    ADD CONSTRAINT outbound_ack_pkey PRIMARY KEY (stream);

ALTER TABLE ONLY trunkline.outbound
    ADD CONSTRAINT outbound_pkey PRIMARY KEY (stream);

ALTER TABLE ONLY trunkline.parked_batch
    ADD CONSTRAINT parked_batch_pkey PRIMARY KEY (stream, epoch, number, id);

ALTER TABLE ONLY trunkline.pending_ack
    ADD CONSTRAINT pending_ack_pkey PRIMARY KEY (stream);

ALTER TABLE ONLY trunkline.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (id);

ALTER TABLE ONLY trunkline.superseded_row
    ADD CONSTRAINT superseded_row_pkey PRIMARY KEY (id);

ALTER TABLE ONLY trunkline.synced_table
    ADD CONSTRAINT synced_table_name_key UNIQUE (name);

ALTER TABLE ONLY trunkline.synced_table
    ADD CONSTRAINT synced_table_pkey PRIMARY KEY (id);

ALTER TABLE ONLY trunkline.verification_request
    ADD CONSTRAINT verification_request_pkey PRIMARY KEY (id, round);

ALTER TABLE ONLY trunkline.verification_result
    ADD CONSTRAINT verification_result_pkey PRIMARY KEY (id, stream);

CREATE INDEX batch_unacked ON trunkline.batch USING btree (stream, number) WHERE (state <> 'acked'::text);

CREATE UNIQUE INDEX kept_row_key ON trunkline.kept_row USING btree (stream, table_name, md5(key));

CREATE INDEX refused_row_table ON trunkline.refused_row USING btree (stream, table_name, md5(key));

CREATE UNIQUE INDEX set_aside_key ON trunkline.set_aside USING btree (stream, table_name, md5(key));

CREATE INDEX set_aside_tried ON trunkline.set_aside USING btree (last_tried);

ALTER TABLE ONLY trunkline.outbound_ack
    ADD CONSTRAINT outbound_ack_stream_fkey FOREIGN KEY (stream) REFERENCES trunkline.outbound(stream);

