/// What the report says of a writer.
struct WriterTally: Sendable {
    /// The writer's last transaction that was committed.
    private(set) var lastReceipt = 0
    /// Rows inserted, updated and deleted.
    var rowsWritten = 0
    /// Those that are there now.
    var rows = 0
    /// Transactions that the database refused or lost with its connection.
    private(set) var refused = 0
    /// Transactions that the database confirmed and then forgot: no fault of ours may cause that.
    private(set) var forgotten = 0

    /// Counts what became of some transactions.
    mutating func take(_ receipts: [Int], _ answer: ReceiptWriter.Answer) {
        forgotten += max(0, answer.confirmed - answer.receipt)
        refused += receipts.count { $0 > answer.receipt }
        lastReceipt = receipts.last { $0 <= answer.receipt } ?? lastReceipt
    }
}
