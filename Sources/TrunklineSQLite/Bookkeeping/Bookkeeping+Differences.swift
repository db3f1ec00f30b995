extension Bookkeeping {
    /// What becomes of columns that tables here do not have (NULL: the default), and in what each stream's tables differ from
    /// those of its receiver, as JSON; the version of a header that the receiver understands. An index, by
    /// which the conflicts with a branch are counted.
    static let differences = """
        ALTER TABLE trunkline_office ADD COLUMN new_columns TEXT;
        ALTER TABLE trunkline_inbound ADD COLUMN differences TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_outbound ADD COLUMN differences TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_outbound ADD COLUMN header_version INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX trunkline_conflict_branch ON trunkline_conflict (branch, bytes);

        """
}
