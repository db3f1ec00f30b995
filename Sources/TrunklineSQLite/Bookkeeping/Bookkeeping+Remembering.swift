extension Bookkeeping {
    /// When this office noted what it knows of a shared row, by its own wall clock in milliseconds: the version of one may be
    /// of long ago. And the clock of the first of a branch's changes since the answer before, as its stamps say it.
    static let remembering = """
        ALTER TABLE trunkline_shared_row ADD COLUMN noted_at INTEGER;
        DROP INDEX trunkline_shared_row_deleted;
        CREATE INDEX trunkline_shared_row_deleted ON trunkline_shared_row (coalesce(noted_at, clock)) WHERE is_deleted;
        ALTER TABLE trunkline_applied_change ADD COLUMN since INTEGER;
        CREATE INDEX trunkline_conflict_decided ON trunkline_conflict (coalesce(resolved_at, at))
            WHERE NOT (outcome = 'waiting' AND resolved_at IS NULL);
        """
}
