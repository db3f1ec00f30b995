extension Migrations {
    /// The shapes of tables that batches may name: kept at the receiver, the newest of each table of a stream.
    static let shapes = """
        CREATE TABLE trunkline.inbound_shape (
            stream text NOT NULL,
            table_name text NOT NULL,
            shape text NOT NULL,
            PRIMARY KEY (stream, table_name)
        );
        ALTER TABLE trunkline.inbound ADD COLUMN shapes text NOT NULL DEFAULT 'kept'
            CHECK (shapes IN ('kept', 'wanted', 'refused'));
        ALTER TABLE trunkline.outbound_ack ADD COLUMN receiver_keeps_shapes boolean NOT NULL DEFAULT false;

        """
}
