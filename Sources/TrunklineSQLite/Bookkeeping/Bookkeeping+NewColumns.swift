extension Bookkeeping {
    /// What becomes of columns that tables here do not have; NULL: the default.
    static let newColumns = "ALTER TABLE trunkline_office ADD COLUMN new_columns TEXT;"
}
