extension Bookkeeping {
    /// How rows of others are stored here that come otherwise, as JSON.
    static let mapping = "ALTER TABLE trunkline_office ADD COLUMN mapped_tables TEXT NOT NULL DEFAULT '[]';"
}
