extension Migrations {
    /// How rows of others are stored here that come otherwise, as JSON.
    static let mapping = "ALTER TABLE trunkline.office ADD COLUMN mapped_tables text NOT NULL DEFAULT '[]'"
}
