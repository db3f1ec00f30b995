extension Bookkeeping {
    /// What becomes of columns that tables here do not have (NULL: the default), and in what each stream's tables differ from
    /// those of its receiver, as JSON.
    static let differences = """
        ALTER TABLE trunkline_office ADD COLUMN new_columns TEXT;
        ALTER TABLE trunkline_inbound ADD COLUMN differences TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline_outbound ADD COLUMN differences TEXT NOT NULL DEFAULT '[]';

        """
}
