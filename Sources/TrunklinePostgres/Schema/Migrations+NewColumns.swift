extension Migrations {
    /// What becomes of columns that tables here do not have; NULL: the default.
    static let newColumns = "ALTER TABLE trunkline.office ADD COLUMN new_columns text"
}
