extension Migrations {
    /// At the receiver: which recovery its sender is in, as its batches say. At the sender: when it last began to send again
    /// what a receiver had lost.
    static let recovery = """
        ALTER TABLE trunkline.inbound ADD COLUMN recovery text;
        ALTER TABLE trunkline.outbound ADD COLUMN resent_at timestamptz;

        """
}
