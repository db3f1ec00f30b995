extension Bookkeeping {
    /// What a set-aside row's table was is kept once for all rows of its shape.
    ///
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
        ALTER TABLE trunkline_verification_result ADD COLUMN finished_at TEXT NOT NULL DEFAULT '';
        CREATE TABLE trunkline_set_aside_shape (
            id INTEGER PRIMARY KEY,
            stream TEXT NOT NULL,
            shape TEXT NOT NULL     -- key, columns and misfits, as JSON
        );
        CREATE INDEX trunkline_set_aside_shape_stream ON trunkline_set_aside_shape (stream);
        INSERT INTO trunkline_set_aside_shape (stream, shape) SELECT DISTINCT stream, shape FROM trunkline_set_aside;
        ALTER TABLE trunkline_set_aside ADD COLUMN shape_id INTEGER NOT NULL DEFAULT 0;
        UPDATE trunkline_set_aside SET shape_id = (SELECT id FROM trunkline_set_aside_shape AS h
            WHERE h.stream = trunkline_set_aside.stream AND h.shape = trunkline_set_aside.shape);
        ALTER TABLE trunkline_set_aside DROP COLUMN shape;
        CREATE INDEX trunkline_set_aside_of_shape ON trunkline_set_aside (shape_id);
        \(trigger("insert", "INSERT", "NEW", counts: 1))
        \(trigger("update", "UPDATE OF reason", "NEW", counts: 0, when: "WHEN NEW.reason <> OLD.reason"))
        \(trigger("delete", "DELETE", "OLD", counts: -1))
        CREATE TRIGGER trunkline_set_aside_shape_gone AFTER DELETE ON trunkline_set_aside BEGIN
            DELETE FROM trunkline_set_aside_shape WHERE id = OLD.shape_id
                AND NOT EXISTS (SELECT 1 FROM trunkline_set_aside WHERE shape_id = OLD.shape_id);
        END;
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
