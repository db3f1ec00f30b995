/// What the report says of a writer.
struct WriterTally: Sendable {
    /// The writer's last transaction that was committed.
    var lastReceipt = 0
    /// Rows inserted, updated and deleted.
    var rowsWritten = 0
    /// Those that are there now.
    var rows = 0
    /// Transactions that the database refused or lost with its connection.
    var refused = 0
    /// Transactions that the database confirmed and then forgot: no fault of ours may cause that.
    var forgotten = 0
}
