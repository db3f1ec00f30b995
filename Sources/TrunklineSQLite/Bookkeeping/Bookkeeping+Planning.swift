extension Bookkeeping {
    /// Which tables a branch is about to share, as JSON; and the clock of the first change of a shared row that the head has not
    /// answered; and what a conflict is without its images, which may be large, and how large they are; and the
    /// rows that a statement which is at work may evict (``VersionStatement``).
    static let planning = """
        ALTER TABLE trunkline_office ADD COLUMN planned_tables TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_shared_row ADD COLUMN base_since INTEGER;
        ALTER TABLE trunkline_conflict ADD COLUMN summary TEXT;
        ALTER TABLE trunkline_conflict ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE trunkline_evicting (
            table_id INTEGER NOT NULL,
            key TEXT NOT NULL,
            image TEXT,
            PRIMARY KEY (table_id, key)
        ) WITHOUT ROWID;
        """
}
