extension Bookkeeping {
    /// What is known of the rows of shared tables, beside them.
    ///
    /// `trunkline_shared_row` is written by triggers, in the application's own transactions: which version a row has, and at a
    /// branch, while the head has not answered to its change, what that change stands on. `trunkline_merging` has a row only
    /// within a transaction that stores what others changed.
    static let sharing = """
        ALTER TABLE trunkline_synced_table ADD COLUMN conflict TEXT;    -- of a shared table: its policy, as JSON
        ALTER TABLE trunkline_synced_table ADD COLUMN join_turn INTEGER NOT NULL DEFAULT 0;  -- at a branch: loads begun
        ALTER TABLE trunkline_outbound ADD COLUMN told_joined TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_inbound ADD COLUMN joined TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_inbound ADD COLUMN clock_ahead INTEGER;   -- the sender's, in milliseconds; NULL: it is not
        ALTER TABLE trunkline_office ADD COLUMN clock_tolerance INTEGER NOT NULL DEFAULT 300000;    -- milliseconds
        CREATE TABLE trunkline_merging (one INTEGER PRIMARY KEY CHECK (one = 1));
        CREATE TABLE trunkline_shared_row (
            table_id INTEGER NOT NULL,
            key TEXT NOT NULL,                      -- as in trunkline_change
            clock INTEGER NOT NULL,
            office TEXT NOT NULL,
            is_deleted INTEGER NOT NULL DEFAULT 0,
            is_dirty INTEGER NOT NULL DEFAULT 0,    -- at a branch: changed here, and not answered by the head
            base_clock INTEGER,
            base_office TEXT,
            base_absent INTEGER NOT NULL DEFAULT 0, -- there was no row
            base_image TEXT,
            base_joining INTEGER NOT NULL DEFAULT 0,    -- it was changed before the head had seen all of the table
            PRIMARY KEY (table_id, key)
        ) WITHOUT ROWID;
        CREATE INDEX trunkline_shared_row_deleted ON trunkline_shared_row (clock) WHERE is_deleted;
        CREATE TABLE trunkline_applied_change (     -- at the head: the last change of a branch that was looked at
            table_id INTEGER NOT NULL,
            key TEXT NOT NULL,
            office TEXT NOT NULL,
            clock INTEGER NOT NULL,
            standing_clock INTEGER,
            standing_office TEXT,
            change TEXT NOT NULL,                   -- as JSON
            PRIMARY KEY (table_id, key, office)
        ) WITHOUT ROWID;
        CREATE TABLE trunkline_conflict (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            table_name TEXT NOT NULL,
            key TEXT NOT NULL,
            branch TEXT NOT NULL,
            kind TEXT NOT NULL,
            outcome TEXT NOT NULL,                  -- waiting: until resolved_at
            details TEXT NOT NULL,                  -- as JSON
            resolved_at TEXT,
            resolution TEXT
        );
        CREATE INDEX trunkline_conflict_waiting ON trunkline_conflict (id) WHERE outcome = 'waiting' AND resolved_at IS NULL;
        """
}
