extension Migrations {
    /// What services say of themselves. Written every few minutes, with room for the new row beside the old one.
    static let serviceNotes = """
        CREATE TABLE trunkline.service (
            service text NOT NULL,
            host text NOT NULL,
            failure text,
            failing_since timestamptz,
            failures bigint NOT NULL DEFAULT 0,
            succeeded_at timestamptz,
            seen_at timestamptz NOT NULL DEFAULT now(),
            stopped boolean NOT NULL DEFAULT false,
            PRIMARY KEY (service, host)
        ) WITH (fillfactor = 50);

        """
}
