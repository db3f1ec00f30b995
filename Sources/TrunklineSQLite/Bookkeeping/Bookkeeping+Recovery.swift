extension Bookkeeping {
    /// At the receiver: which recovery its sender is in, as its batches say. At the sender: when it last began to send again
    /// what a receiver had lost.
    static let recovery = """
        ALTER TABLE trunkline_inbound ADD COLUMN recovery TEXT;
        ALTER TABLE trunkline_outbound ADD COLUMN resent_at REAL;
        """
}
