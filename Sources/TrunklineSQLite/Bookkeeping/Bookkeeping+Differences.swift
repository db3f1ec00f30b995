extension Bookkeeping {
    /// What becomes of columns that tables here do not have (NULL: the default), and in what each stream's tables differ from
    /// those of its receiver, as JSON; the version of a header that the receiver understands. An index, by
    /// which the conflicts with a branch are counted. Of a shared table: since when it is shared; and at a branch, whether the head
    /// has had all of it since then.
    static let differences = """
        ALTER TABLE trunkline_office ADD COLUMN new_columns TEXT;
        ALTER TABLE trunkline_inbound ADD COLUMN differences TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_outbound ADD COLUMN differences TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_outbound ADD COLUMN header_version INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE trunkline_synced_table ADD COLUMN shared_since INTEGER;
        ALTER TABLE trunkline_synced_table ADD COLUMN has_joined INTEGER NOT NULL DEFAULT 0;
        UPDATE trunkline_synced_table SET shared_since = 0 WHERE conflict IS NOT NULL;
        CREATE INDEX trunkline_conflict_branch ON trunkline_conflict (branch, bytes);

        """
}
