extension Bookkeeping {
    /// What services say of themselves.
    static let serviceNotes = """
        CREATE TABLE trunkline_service (
            service TEXT NOT NULL,
            host TEXT NOT NULL,
            failure TEXT,
            failing_since TEXT,
            failures INTEGER NOT NULL DEFAULT 0,
            succeeded_at TEXT,
            seen_at TEXT NOT NULL,
            stopped INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (service, host)
        ) WITHOUT ROWID;
        """
}
