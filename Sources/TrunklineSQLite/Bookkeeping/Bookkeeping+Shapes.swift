extension Bookkeeping {
    /// The shapes of tables that batches may name: kept at the receiver, the newest of each table of a stream.
    /// A stream of before keeps none yet.
    static let shapes = """
        CREATE TABLE trunkline_inbound_shape (
            stream TEXT NOT NULL,
            table_name TEXT NOT NULL,
            shape TEXT NOT NULL,
            PRIMARY KEY (stream, table_name)
        ) WITHOUT ROWID;
        ALTER TABLE trunkline_inbound ADD COLUMN shapes TEXT NOT NULL DEFAULT 'wanted'
            CHECK (shapes IN ('kept', 'wanted', 'refused'));
        ALTER TABLE trunkline_outbound ADD COLUMN receiver_keeps_shapes INTEGER NOT NULL DEFAULT 0;
        """
}
