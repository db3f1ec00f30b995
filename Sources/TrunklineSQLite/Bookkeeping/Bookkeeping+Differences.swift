extension Bookkeeping {
    /// What becomes of columns that tables here do not have (NULL: the default), and in what each stream's tables differ from
    /// those of its receiver, as JSON; the version of a header that the receiver understands.
    static let differences = """
        ALTER TABLE trunkline_office ADD COLUMN new_columns TEXT;
        ALTER TABLE trunkline_inbound ADD COLUMN differences TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_outbound ADD COLUMN differences TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_outbound ADD COLUMN header_version INTEGER NOT NULL DEFAULT 1;

        """
}
