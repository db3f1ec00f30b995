extension Bookkeeping {
    /// A log whose numbers cannot run backwards, tables that stand still, and keys that wait for such a table.
    ///
    /// The log's numbers came from `sqlite_sequence` alone, which anybody may empty: then changes got numbers that a
    /// batch had had already, and were never sent. They are logged anew.
    static let migration3 = """
        CREATE TRIGGER trunkline_change_number AFTER INSERT ON trunkline_change
        WHEN NEW.seq <= (SELECT max(cursor) FROM trunkline_outbound) BEGIN
            UPDATE trunkline_change
            SET seq = 1 + max((SELECT max(cursor) FROM trunkline_outbound), (SELECT max(seq) FROM trunkline_change))
            WHERE seq = NEW.seq;
        END;
        CREATE TEMP TABLE trunkline_lost AS
            SELECT seq, table_id, key FROM trunkline_change AS c
            WHERE seq <= (SELECT max(cursor) FROM trunkline_outbound)
                AND NOT EXISTS (SELECT 1 FROM trunkline_batch AS b WHERE c.seq BETWEEN b.from_seq AND b.to_seq);
        DELETE FROM trunkline_change WHERE seq IN (SELECT seq FROM temp.trunkline_lost);
        INSERT INTO trunkline_change (table_id, key, op, at)
            SELECT table_id, key, 'update', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
            FROM temp.trunkline_lost ORDER BY seq;
        DROP TABLE temp.trunkline_lost;

        ALTER TABLE trunkline_synced_table ADD COLUMN incomplete TEXT;  -- why it stands still; NULL: it does not
        CREATE TABLE trunkline_held_change (    -- changes that were in a batch while their table stood still
            table_id INTEGER NOT NULL,
            key TEXT NOT NULL,
            at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
            PRIMARY KEY (table_id, key)
        ) WITHOUT ROWID;

        -- For people: what is not listed is acked, unless its table is named with the key NULL: then it is pending, since
        -- the table stands still or its rows are still being loaded. An integer key is its digits; of any other key, text
        -- is t and blob is b before hex digits, and the parts are separated by commas.
        DROP VIEW IF EXISTS trunkline_row_status;
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
            SELECT t.name, h.key, 'pending' FROM trunkline_held_change AS h
            JOIN trunkline_synced_table AS t ON t.id = h.table_id
            UNION ALL
            SELECT name, NULL, 'pending' FROM trunkline_synced_table
            WHERE incomplete IS NOT NULL OR load_operation IS NOT NULL
            UNION ALL
            SELECT table_name, local_key, 'set aside' FROM trunkline_set_aside_notice
            WHERE local_key IS NOT NULL
        )
        GROUP BY table_name, key;
        """
}
