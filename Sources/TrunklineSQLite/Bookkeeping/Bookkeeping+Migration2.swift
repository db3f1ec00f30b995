extension Bookkeeping {
    /// When a set-aside row is tried again, streams that are held, the tables that were made for a stream. `retry_at` and
    /// `held_until` are Julian day numbers.
    static let migration2 = """
        ALTER TABLE trunkline_set_aside ADD COLUMN lacks_parent INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_set_aside ADD COLUMN retry_at REAL NOT NULL DEFAULT 0;
        CREATE INDEX trunkline_set_aside_due ON trunkline_set_aside (stream, retry_at);
        ALTER TABLE trunkline_inbound ADD COLUMN set_aside INTEGER NOT NULL DEFAULT 0;
        UPDATE trunkline_inbound SET set_aside = (
            SELECT count(*) FROM trunkline_set_aside AS s WHERE s.stream = trunkline_inbound.stream);
        ALTER TABLE trunkline_inbound ADD COLUMN held TEXT;
        ALTER TABLE trunkline_inbound ADD COLUMN held_failures INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_inbound ADD COLUMN held_since TEXT;
        ALTER TABLE trunkline_inbound ADD COLUMN held_until REAL;
        ALTER TABLE trunkline_outbound ADD COLUMN held TEXT;
        CREATE TABLE trunkline_made_table (
            name TEXT PRIMARY KEY,
            stream TEXT NOT NULL,
            at TEXT NOT NULL
        ) WITHOUT ROWID;
        """
}
