extension Bookkeeping {
    /// Times are ISO 8601 in UTC, for people and for ages; none decides about delivery or order.
    static let migration1 = """
        CREATE TABLE trunkline_office (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            version INTEGER NOT NULL,
            office TEXT NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('head', 'branch')),
            accepted_tables TEXT NOT NULL DEFAULT '[]',
            checked_schema_version INTEGER NOT NULL DEFAULT -1
        );
        CREATE TABLE trunkline_branch (
            id TEXT PRIMARY KEY,
            broker_user TEXT NOT NULL UNIQUE,
            suspended INTEGER NOT NULL DEFAULT 0,
            added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
        ) WITHOUT ROWID;

        -- Sender.
        CREATE TABLE trunkline_synced_table (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            key_columns TEXT NOT NULL,
            load_operation TEXT,    -- NULL: every row that is there was logged once
            load_after TEXT         -- where the load goes on; NULL: at the beginning
        );
        CREATE TABLE trunkline_change (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            table_id INTEGER NOT NULL,
            key TEXT NOT NULL,
            op TEXT NOT NULL,       -- a hint: the row is looked at when its batch is read
            at TEXT NOT NULL
        );
        CREATE INDEX trunkline_change_key ON trunkline_change (table_id, key);
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
        CREATE TABLE trunkline_superseded_row (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            stream TEXT NOT NULL,
            table_name TEXT NOT NULL,
            row TEXT NOT NULL,      -- a JSON object; blobs as \\x and hexadecimal digits
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
        CREATE INDEX trunkline_batch_state ON trunkline_batch (stream, state, number);
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
        CREATE INDEX trunkline_set_aside_notice_local
            ON trunkline_set_aside_notice (table_name, local_key);
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

        -- Receiver.
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
        CREATE INDEX trunkline_set_aside_tried ON trunkline_set_aside (stream, last_tried);
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

        -- For people: what is not listed is acked. An integer key is its digits; of any other key,
        -- text is t and blob is b before hex digits, and the parts are separated by commas.
        DROP VIEW IF EXISTS trunkline_row_status;  -- one that somebody left
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
        """
}
