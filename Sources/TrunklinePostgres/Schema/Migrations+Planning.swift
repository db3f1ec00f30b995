extension Migrations {
    /// Which tables a branch is about to share, as JSON; and the clock of the first change of a shared row that the head has not
    /// answered; and what a conflict is without its images, which may be large, and how large they are.
    static let planning = """
        ALTER TABLE trunkline.office ADD COLUMN planned_tables text NOT NULL DEFAULT '[]';
        ALTER TABLE trunkline.shared_row ADD COLUMN base_since bigint;
        ALTER TABLE trunkline.conflict ADD COLUMN summary text;
        ALTER TABLE trunkline.conflict ADD COLUMN bytes bigint NOT NULL DEFAULT 0;
        """
}
