extension Bookkeeping {
    /// One change log for many streams, and loads that read the table.
    ///
    /// A line of the log is for the head (at a branch), for all branches, or for the one that it names. A load is one
    /// interval of a table's key that is still to be batched for a stream; a batch of it has the interval's part that it
    /// covers. A load of before begins anew, since its place was not always a key.
    ///
    /// `log_turn` counts how often a stream's place in the log went back: what was read of a piece of the log before that
    /// may lack changes that no line tells of.
    static let bothDirections = """
        ALTER TABLE trunkline_change ADD COLUMN destination TEXT NOT NULL DEFAULT 'head';
        CREATE INDEX trunkline_change_destination ON trunkline_change (destination, seq) WHERE destination <> 'head';

        ALTER TABLE trunkline_outbound ADD COLUMN destination TEXT NOT NULL DEFAULT 'head';
        ALTER TABLE trunkline_outbound ADD COLUMN was_load INTEGER NOT NULL DEFAULT 0;  -- the last batch was of a load
        ALTER TABLE trunkline_outbound ADD COLUMN recovery_returns TEXT;    -- how far rows came back, as JSON
        CREATE INDEX trunkline_outbound_cursor ON trunkline_outbound (cursor);
        CREATE INDEX trunkline_outbound_acked ON trunkline_outbound (acked_seq);
        CREATE INDEX trunkline_outbound_halt ON trunkline_outbound (stream) WHERE halt_untold;

        CREATE TABLE trunkline_load (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            stream TEXT NOT NULL,
            table_id INTEGER NOT NULL,
            after_key TEXT,         -- as in trunkline_change; NULL: from the beginning
            through_key TEXT,       -- NULL: to the end
            is_new INTEGER NOT NULL,
            sweeps INTEGER NOT NULL DEFAULT 0,  -- rows that are not for the stream travel as deletes
            rows_left INTEGER,      -- for people; NULL: not counted yet
            at TEXT NOT NULL
        );
        CREATE INDEX trunkline_load_stream ON trunkline_load (stream, id);
        CREATE INDEX trunkline_load_table ON trunkline_load (table_id);
        CREATE INDEX trunkline_set_aside_notice_table ON trunkline_set_aside_notice (stream) WHERE key = '[]';
        DROP VIEW IF EXISTS trunkline_row_status;
        INSERT INTO trunkline_load (stream, table_id, is_new, at)
            SELECT o.stream, t.id, t.load_operation = 'insert', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
            FROM trunkline_synced_table AS t JOIN trunkline_outbound AS o
            WHERE t.load_operation IS NOT NULL ORDER BY t.id;
        ALTER TABLE trunkline_synced_table DROP COLUMN load_operation;
        ALTER TABLE trunkline_synced_table DROP COLUMN load_after;
        ALTER TABLE trunkline_synced_table ADD COLUMN route TEXT;   -- at the head, as JSON; NULL: its rows are for the head
        ALTER TABLE trunkline_synced_table ADD COLUMN filter TEXT;  -- at the head: SQL over the table's columns
        ALTER TABLE trunkline_synced_table ADD COLUMN reading_problem TEXT;  -- why route or filter fail for its rows
        ALTER TABLE trunkline_synced_table ADD COLUMN read_again_at REAL;    -- as julianday()
        ALTER TABLE trunkline_batch ADD COLUMN load_table INTEGER;  -- NULL: it is of the log
        ALTER TABLE trunkline_batch ADD COLUMN load_after TEXT;
        ALTER TABLE trunkline_batch ADD COLUMN load_through TEXT;
        ALTER TABLE trunkline_batch ADD COLUMN load_new INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_batch ADD COLUMN load_sweeps INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_batch ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;   -- other streams' may say the same
        CREATE INDEX trunkline_batch_waiting ON trunkline_batch (stream, number) WHERE state IN ('pending', 'preparing');
        CREATE INDEX trunkline_batch_sent ON trunkline_batch (stream, number) WHERE state = 'sent';
        CREATE INDEX trunkline_batch_acked ON trunkline_batch (stream, number) WHERE state = 'acked';
        CREATE INDEX trunkline_batch_load ON trunkline_batch (load_table, stream) WHERE load_table IS NOT NULL;

        ALTER TABLE trunkline_held_change RENAME TO trunkline_held_change_old;
        CREATE TABLE trunkline_held_change (    -- changes that were in a batch while their table stood still
            table_id INTEGER NOT NULL,
            key TEXT NOT NULL,
            destination TEXT NOT NULL,
            at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            PRIMARY KEY (table_id, key, destination)
        ) WITHOUT ROWID;
        INSERT INTO trunkline_held_change SELECT table_id, key, 'head', at FROM trunkline_held_change_old;
        DROP TABLE trunkline_held_change_old;

        ALTER TABLE trunkline_kept_row RENAME TO trunkline_kept_row_old;
        CREATE TABLE trunkline_kept_row (
            serial INTEGER PRIMARY KEY AUTOINCREMENT,
            stream TEXT NOT NULL,
            table_name TEXT NOT NULL,
            key TEXT NOT NULL,
            since TEXT NOT NULL,
            UNIQUE (stream, table_name, key)
        );
        CREATE INDEX trunkline_kept_row_serial ON trunkline_kept_row (stream, table_name, serial);
        INSERT INTO trunkline_kept_row (stream, table_name, key, since)
            SELECT stream, table_name, key, since FROM trunkline_kept_row_old ORDER BY stream, table_name, key;
        DROP TABLE trunkline_kept_row_old;

        ALTER TABLE trunkline_office ADD COLUMN accepts_new INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_office ADD COLUMN overwritten_tables TEXT NOT NULL DEFAULT '[]';  -- local-writes: overwrite
        ALTER TABLE trunkline_office ADD COLUMN log_turn INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_office ADD COLUMN compacted_seq INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_office ADD COLUMN compacted_lines INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE trunkline_ended_stream (stream TEXT PRIMARY KEY, epochs TEXT NOT NULL);    -- as past_epochs
        CREATE TABLE trunkline_applying (one INTEGER PRIMARY KEY CHECK (one = 1));   -- a row only within a transaction

        -- For people: what is not listed is acked, unless its table is named with the key NULL: then it is pending, since
        -- the table stands still or its rows are still being loaded. An integer key is its digits; of any other key, text
        -- is t and blob is b before hex digits, and the parts are separated by commas.
        CREATE VIEW trunkline_row_status AS
        SELECT table_name, key, min(state) AS state FROM (
            SELECT t.name AS table_name, c.key AS key,
                CASE b.state WHEN 'sent' THEN 'sent' ELSE 'pending' END AS state
            FROM trunkline_outbound AS o
            JOIN trunkline_change AS c ON c.seq > o.acked_seq AND c.destination IN (o.destination, 'all')
            JOIN trunkline_synced_table AS t ON t.id = c.table_id
            LEFT JOIN trunkline_batch AS b
                ON b.stream = o.stream AND c.seq BETWEEN b.from_seq AND b.to_seq
            UNION ALL
            SELECT t.name, h.key, 'pending' FROM trunkline_held_change AS h
            JOIN trunkline_synced_table AS t ON t.id = h.table_id
            UNION ALL
            SELECT name, NULL, 'pending' FROM trunkline_synced_table AS t
            WHERE incomplete IS NOT NULL OR EXISTS (SELECT 1 FROM trunkline_load AS l WHERE l.table_id = t.id)
                OR EXISTS (SELECT 1 FROM trunkline_batch AS b WHERE b.load_table = t.id AND b.state <> 'acked')
            UNION ALL
            SELECT table_name, local_key, 'set aside' FROM trunkline_set_aside_notice
            WHERE local_key IS NOT NULL
        )
        GROUP BY table_name, key;
        """
}
