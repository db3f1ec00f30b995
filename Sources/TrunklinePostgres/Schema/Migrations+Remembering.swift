extension Migrations {
    /// When this office noted what it knows of a shared row, by its own wall clock in milliseconds: the version of one may be
    /// of long ago. And the clock of the first of a branch's changes since the answer before, as its stamps say it.
    static let remembering = """
        ALTER TABLE trunkline.shared_row ADD COLUMN noted_at bigint;
        ALTER TABLE trunkline.shared_row ALTER COLUMN noted_at
            SET DEFAULT (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
        DROP INDEX trunkline.shared_row_deleted;
        CREATE INDEX shared_row_deleted ON trunkline.shared_row (coalesce(noted_at, clock)) WHERE is_deleted;
        ALTER TABLE trunkline.applied_change ADD COLUMN since bigint;
        CREATE INDEX conflict_decided ON trunkline.conflict (coalesce(resolved_at, at))
            WHERE NOT (outcome = 'waiting' AND resolved_at IS NULL);
        """
}
