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
            PRIMARY KEY (table_id, key)
        ) WITHOUT ROWID;
        """
}
