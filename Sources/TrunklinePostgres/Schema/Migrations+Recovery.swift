extension Migrations {
    /// At the receiver: which recovery its sender is in, as its batches say. At the sender: when it last began to send again
    /// what a receiver had lost. The triggers of tables that a mapping routes are made anew, since they log while it is not
    /// there, and the tables are loaded, since what happened to them until then is not noticed.
    static let recovery = """
        ALTER TABLE trunkline.inbound ADD COLUMN recovery text;
        ALTER TABLE trunkline.outbound ADD COLUMN resent_at timestamptz;
        UPDATE trunkline.synced_table SET fingerprint = NULL, loaded = false WHERE route ? 'mapping';

        """
}
