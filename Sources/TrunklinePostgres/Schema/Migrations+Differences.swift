extension Migrations {
    /// What becomes of columns that tables here do not have (NULL: the default), and in what each stream's tables differ from
    /// those of its receiver, as JSON; the version of a header that the receiver understands. An index, by
    /// which the conflicts with a branch are counted. Of a shared table: since when it is shared; and at a branch, whether the head
    /// has had all of it since then.
    static let differences = """
        ALTER TABLE trunkline.office ADD COLUMN new_columns text;
        ALTER TABLE trunkline.inbound ADD COLUMN differences text NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline.outbound_ack
            ADD COLUMN differences text NOT NULL DEFAULT '[]',
            ADD COLUMN header_version integer NOT NULL DEFAULT 1;
        ALTER TABLE trunkline.synced_table
            ADD COLUMN shared_since bigint, ADD COLUMN has_joined boolean NOT NULL DEFAULT false;
        UPDATE trunkline.synced_table SET shared_since = 0 WHERE conflict IS NOT NULL;
        CREATE INDEX conflict_branch ON trunkline.conflict (branch, bytes);

        """
}
