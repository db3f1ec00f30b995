extension Bookkeeping {
    /// The list of set-aside rows in differences: which key changed at which version, kept until the sender has it. Triggers
    /// give each change its version, and keep the list's count.
    ///
    /// `told_version`: through here acks were published. `list_from`: an ack that goes on from here begins the list anew.
    /// `changes_kept`: later changes than this version are kept. `told_at` and `list_begun_at` are Julian day numbers.
    static let setAsideList = """
        CREATE TABLE trunkline_set_aside_change (
            stream TEXT NOT NULL,
            table_name TEXT NOT NULL,
            key TEXT NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY (stream, table_name, key)
        ) WITHOUT ROWID;
        CREATE INDEX trunkline_set_aside_change_version ON trunkline_set_aside_change (stream, version);
        ALTER TABLE trunkline_inbound ADD COLUMN takes_differences INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_inbound ADD COLUMN told_version INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE trunkline_inbound ADD COLUMN told_at REAL;
        ALTER TABLE trunkline_inbound ADD COLUMN list_from INTEGER NOT NULL DEFAULT -1;
        ALTER TABLE trunkline_inbound ADD COLUMN list_begun_at REAL;
        ALTER TABLE trunkline_inbound ADD COLUMN changes_kept INTEGER NOT NULL DEFAULT 0;
        UPDATE trunkline_inbound SET told_version = set_aside_version, changes_kept = set_aside_version;
        \(trigger("insert", "INSERT", "NEW", counts: 1))
        \(trigger("update", "UPDATE OF reason", "NEW", counts: 0, when: "WHEN NEW.reason <> OLD.reason"))
        \(trigger("delete", "DELETE", "OLD", counts: -1))
        """

    private static func trigger(
        _ name: String, _ event: String, _ row: String, counts change: Int, when condition: String = ""
    ) -> String {
        """
        CREATE TRIGGER trunkline_set_aside_\(name) AFTER \(event) ON trunkline_set_aside \(condition) BEGIN
            UPDATE trunkline_inbound SET set_aside_version = set_aside_version + 1, set_aside = max(0, set_aside + \(change))
            WHERE stream = \(row).stream;
            INSERT INTO trunkline_set_aside_change (stream, table_name, key, version)
            SELECT \(row).stream, \(row).table_name, \(row).key, set_aside_version FROM trunkline_inbound
            WHERE stream = \(row).stream
            ON CONFLICT (stream, table_name, key) DO UPDATE SET version = excluded.version;
        END;
        """
    }
}
