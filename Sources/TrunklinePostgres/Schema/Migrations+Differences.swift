extension Migrations {
    /// What becomes of columns that tables here do not have (NULL: the default), and in what each stream's tables differ from
    /// those of its receiver, as JSON.
    static let differences = """
        ALTER TABLE trunkline.office ADD COLUMN new_columns text;
        ALTER TABLE trunkline.inbound ADD COLUMN differences text NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline.outbound_ack ADD COLUMN differences text NOT NULL DEFAULT '[]';

        """
}
