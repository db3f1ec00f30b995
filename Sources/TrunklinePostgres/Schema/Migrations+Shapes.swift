extension Migrations {
    /// The shapes of tables that batches may name: kept at the receiver, the newest of each table of a stream.
    ///
    /// A stream of before keeps none yet. Its tables are locked in the order in which services do it.
    static let shapes = """
        LOCK TABLE trunkline.outbound, trunkline.outbound_ack, trunkline.batch, trunkline.inbound;
        CREATE TABLE trunkline.inbound_shape (
            stream text NOT NULL,
            table_name text NOT NULL,
            shape text NOT NULL,
            PRIMARY KEY (stream, table_name)
        );
        ALTER TABLE trunkline.inbound ADD COLUMN shapes text NOT NULL DEFAULT 'wanted'
            CHECK (shapes IN ('kept', 'wanted', 'refused'));
        ALTER TABLE trunkline.outbound_ack ADD COLUMN receiver_keeps_shapes boolean NOT NULL DEFAULT false;

        """
}
