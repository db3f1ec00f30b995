extension Bookkeeping {
    /// Which tables a branch is about to share, as JSON.
    static let planning = "ALTER TABLE trunkline_office ADD COLUMN planned_tables TEXT NOT NULL DEFAULT '[]'"
}
