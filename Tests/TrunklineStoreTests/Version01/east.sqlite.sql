PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE sale (id integer primary key, n integer, name text);
INSERT INTO sale VALUES(1,10,'one');
INSERT INTO sale VALUES(2,2,'two');
INSERT INTO sale VALUES(3,-3,'bad');
INSERT INTO sale VALUES(4,4,'four');
INSERT INTO sale VALUES(6,6,'six');
INSERT INTO sale VALUES(7,-7,'bad too');
INSERT INTO sale VALUES(8,8,'eight');
CREATE TABLE trunkline_office (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    office TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('head', 'branch')),
    accepted_tables TEXT NOT NULL DEFAULT '[]',
    checked_schema_version INTEGER NOT NULL DEFAULT -1
);
INSERT INTO trunkline_office VALUES(1,1,'east','branch','[]',24);
CREATE TABLE trunkline_branch (
    id TEXT PRIMARY KEY,
    broker_user TEXT NOT NULL UNIQUE,
    suspended INTEGER NOT NULL DEFAULT 0,
    added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) WITHOUT ROWID;
CREATE TABLE trunkline_synced_table (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    key_columns TEXT NOT NULL,
    load_operation TEXT,    -- NULL: every row that is there was logged once
    load_after TEXT         -- where the load goes on; NULL: at the beginning
);
INSERT INTO trunkline_synced_table VALUES(1,'sale','["id"]',NULL,NULL);
CREATE TABLE trunkline_change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    table_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    op TEXT NOT NULL,       -- a hint: the row is looked at when its batch is read
    at TEXT NOT NULL
);
INSERT INTO trunkline_change VALUES(1,1,'1','insert','2026-11-26T02:57:01.481Z');
INSERT INTO trunkline_change VALUES(2,1,'2','insert','2026-11-26T02:57:01.481Z');
INSERT INTO trunkline_change VALUES(3,1,'3','insert','2026-11-26T02:57:01.481Z');
INSERT INTO trunkline_change VALUES(4,1,'4','insert','2026-11-26T02:57:01.481Z');
INSERT INTO trunkline_change VALUES(5,1,'5','insert','2026-11-26T02:57:01.481Z');
INSERT INTO trunkline_change VALUES(6,1,'6','insert','2026-11-26T02:57:03.666Z');
INSERT INTO trunkline_change VALUES(7,1,'7','insert','2026-11-26T02:57:03.666Z');
INSERT INTO trunkline_change VALUES(8,1,'1','update','2026-11-26T02:57:03.667Z');
INSERT INTO trunkline_change VALUES(9,1,'5','delete','2026-11-26T02:57:03.667Z');
INSERT INTO trunkline_change VALUES(10,1,'8','insert','2026-11-26T02:57:06.762Z');
CREATE TABLE trunkline_outbound (
    stream TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    next_number INTEGER NOT NULL DEFAULT 1,
    last_id TEXT,
    cursor INTEGER NOT NULL DEFAULT 0,      -- changes through this one are in a batch
    acked_seq INTEGER NOT NULL DEFAULT 0,   -- changes through this one are acked
    acked_watermark INTEGER NOT NULL DEFAULT 0,
    acked_rows INTEGER NOT NULL DEFAULT 0,
    set_aside_version INTEGER NOT NULL DEFAULT 0,
    set_aside_total INTEGER NOT NULL DEFAULT 0,
    last_contact TEXT,
    stopped TEXT,
    halt_untold INTEGER NOT NULL DEFAULT 0,
    past_epochs TEXT NOT NULL DEFAULT '[]',
    receiver_epoch TEXT,
    recovery TEXT CHECK (recovery IN ('compare', 'keep-branch', 'keep-head', 'resend')),
    recovery_id TEXT,
    recovery_passes INTEGER NOT NULL DEFAULT 0,
    recovery_new_keys INTEGER NOT NULL DEFAULT 0,
    recovery_report TEXT    -- what the last recovery did, as JSON
) WITHOUT ROWID;
INSERT INTO trunkline_outbound VALUES('east>head','758F3380-9763-4C08-BD8F-DA2F2B62A97E',3,'4E3EAC3E-8214-4A93-9482-6AF5F24CBE1C',9,5,1,5,1,1,'2026-11-26T02:57:01.656Z',NULL,0,'[]',NULL,NULL,NULL,0,0,NULL);
CREATE TABLE trunkline_superseded_row (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    table_name TEXT NOT NULL,
    row TEXT NOT NULL,      -- a JSON object; blobs as \x and hexadecimal digits
    reason TEXT NOT NULL,
    new_key TEXT,           -- under which it was sent again
    at TEXT NOT NULL
);
CREATE TABLE trunkline_batch (
    stream TEXT NOT NULL,
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    previous_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('preparing', 'pending', 'sent', 'acked')),
    from_seq INTEGER NOT NULL,
    to_seq INTEGER NOT NULL,
    changes INTEGER NOT NULL,
    rows INTEGER,
    bytes INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    formed_at TEXT NOT NULL,
    sent_at TEXT,
    acked_at TEXT,
    verification TEXT,
    PRIMARY KEY (stream, number)
) WITHOUT ROWID;
INSERT INTO trunkline_batch VALUES('east>head',1,'3F11F1CA-B308-4A3A-B966-AB529ABA4B5B',NULL,'acked',1,5,5,5,291,1,'2026-11-26T02:57:01.609Z','2026-11-26T02:57:01.610Z','2026-11-26T02:57:01.657Z',NULL);
INSERT INTO trunkline_batch VALUES('east>head',2,'4E3EAC3E-8214-4A93-9482-6AF5F24CBE1C','3F11F1CA-B308-4A3A-B966-AB529ABA4B5B','sent',6,9,4,4,321,1,'2026-11-26T02:57:03.733Z','2026-11-26T02:57:03.733Z',NULL,NULL);
CREATE TABLE trunkline_set_aside_notice (
    stream TEXT NOT NULL,
    table_name TEXT NOT NULL,
    key TEXT NOT NULL,
    local_key TEXT,         -- as in trunkline_change; NULL when the row is not here
    origin TEXT NOT NULL CHECK (origin IN ('sender', 'receiver')),
    reason TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (stream, table_name, key, origin)
) WITHOUT ROWID;
INSERT INTO trunkline_set_aside_notice VALUES('east>head','sale','["3"]','3','receiver','CHECK constraint failed: n > 0','2026-11-26T02:57:01.659Z');
CREATE TABLE trunkline_verification_request (
    id TEXT NOT NULL,
    stream TEXT NOT NULL,
    round INTEGER NOT NULL,
    buckets TEXT NOT NULL,
    number INTEGER,         -- the batch that asks; NULL: not formed yet
    requested_at TEXT NOT NULL,
    PRIMARY KEY (id, stream, round)
) WITHOUT ROWID;
CREATE TABLE trunkline_verification_result (
    id TEXT NOT NULL,
    stream TEXT NOT NULL,
    round INTEGER NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (id, stream)
) WITHOUT ROWID;
CREATE TABLE trunkline_inbound (
    stream TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    watermark INTEGER NOT NULL,
    batch_id TEXT,
    set_aside_version INTEGER NOT NULL DEFAULT 0,
    seen_version INTEGER NOT NULL DEFAULT -1,   -- of the list of set-aside rows, as the sender says
    ack_serial INTEGER NOT NULL DEFAULT 0,
    stored_rows INTEGER NOT NULL DEFAULT 0,
    last_contact TEXT,
    stopped TEXT,
    stopped_epoch TEXT,
    stopped_number INTEGER,
    past_epochs TEXT NOT NULL DEFAULT '[]',
    behind_epoch TEXT,
    behind_number INTEGER
) WITHOUT ROWID;
CREATE TABLE trunkline_kept_row (
    stream TEXT NOT NULL,
    table_name TEXT NOT NULL,
    key TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (stream, table_name, key)
) WITHOUT ROWID;
CREATE TABLE trunkline_set_aside (
    stream TEXT NOT NULL,
    table_name TEXT NOT NULL,
    key TEXT NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('row', 'delete')),
    line BLOB NOT NULL,     -- COPY text, as it came
    shape TEXT NOT NULL,    -- key and columns of the line
    reason TEXT NOT NULL,
    number INTEGER NOT NULL,
    since TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 1,
    last_tried TEXT NOT NULL,
    PRIMARY KEY (stream, table_name, key)
);
CREATE TABLE trunkline_parked_batch (
    stream TEXT NOT NULL,
    number INTEGER NOT NULL,
    epoch TEXT NOT NULL,
    id TEXT NOT NULL,
    previous_id TEXT,
    message BLOB NOT NULL,
    parked_at TEXT NOT NULL,
    PRIMARY KEY (stream, number, epoch, id)
);
CREATE TABLE trunkline_pending_ack (
    stream TEXT PRIMARY KEY,
    full_list INTEGER NOT NULL DEFAULT 0,
    verification TEXT,
    since TEXT NOT NULL
) WITHOUT ROWID;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('trunkline_synced_table',1);
INSERT INTO sqlite_sequence VALUES('trunkline_change',10);
CREATE INDEX trunkline_change_key ON trunkline_change (table_id, key);
CREATE INDEX trunkline_batch_state ON trunkline_batch (stream, state, number);
CREATE INDEX trunkline_set_aside_notice_local
    ON trunkline_set_aside_notice (table_name, local_key);
CREATE INDEX trunkline_set_aside_tried ON trunkline_set_aside (stream, last_tried);
CREATE VIEW trunkline_row_status AS
SELECT table_name, key, min(state) AS state FROM (
    SELECT t.name AS table_name, c.key AS key,
        CASE b.state WHEN 'sent' THEN 'sent' ELSE 'pending' END AS state
    FROM trunkline_outbound AS o
    JOIN trunkline_change AS c ON c.seq > o.acked_seq
    JOIN trunkline_synced_table AS t ON t.id = c.table_id
    LEFT JOIN trunkline_batch AS b
        ON b.stream = o.stream AND c.seq BETWEEN b.from_seq AND b.to_seq
    UNION ALL
    SELECT table_name, local_key, 'set aside' FROM trunkline_set_aside_notice
    WHERE local_key IS NOT NULL
)
GROUP BY table_name, key;
CREATE TRIGGER "trunkline_1_delete" AFTER DELETE ON "sale" BEGIN
INSERT INTO trunkline_change (table_id, key, op, at)
SELECT 1, CAST(OLD."id" AS TEXT), 'delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE NOT EXISTS (SELECT 1 FROM trunkline_change WHERE table_id = 1 AND key = CAST(OLD."id" AS TEXT) AND seq > (SELECT max(cursor) FROM trunkline_outbound));
END;
CREATE TRIGGER "trunkline_1_insert" AFTER INSERT ON "sale" BEGIN
INSERT INTO trunkline_change (table_id, key, op, at)
SELECT 1, CAST(NEW."id" AS TEXT), 'insert', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE NOT EXISTS (SELECT 1 FROM trunkline_change WHERE table_id = 1 AND key = CAST(NEW."id" AS TEXT) AND seq > (SELECT max(cursor) FROM trunkline_outbound));
END;
CREATE TRIGGER "trunkline_1_update" AFTER UPDATE ON "sale" BEGIN
INSERT INTO trunkline_change (table_id, key, op, at)
SELECT 1, CAST(NEW."id" AS TEXT), 'update', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE NOT EXISTS (SELECT 1 FROM trunkline_change WHERE table_id = 1 AND key = CAST(NEW."id" AS TEXT) AND seq > (SELECT max(cursor) FROM trunkline_outbound));
INSERT INTO trunkline_change (table_id, key, op, at)
SELECT 1, CAST(OLD."id" AS TEXT), 'delete', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
WHERE CAST(OLD."id" AS TEXT) <> CAST(NEW."id" AS TEXT) AND NOT EXISTS (SELECT 1 FROM trunkline_change WHERE table_id = 1 AND key = CAST(OLD."id" AS TEXT) AND seq > (SELECT max(cursor) FROM trunkline_outbound));
END;
COMMIT;
