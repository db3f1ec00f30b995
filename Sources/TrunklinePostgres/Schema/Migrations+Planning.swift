extension Migrations {
    /// Which tables a branch is about to share, as JSON; and the clock of the first change of a shared row that the head has not
    /// answered.
    static let planning = """
        ALTER TABLE trunkline.office ADD COLUMN planned_tables text NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline.shared_row ADD COLUMN base_since bigint;
        """
}
