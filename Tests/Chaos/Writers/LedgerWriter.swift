import TrunklineTesting

/// Writes an office's database, and keeps the ledger.
struct LedgerWriter<Key: Hashable & Sendable, Row: Sendable>: Sendable {
    typealias Transaction = LedgerTransaction<Key, Row>

    private let receipts: ReceiptWriter
    private(set) var ledger = Ledger<Key, Row>()

    init(_ office: TestOffice) { receipts = ReceiptWriter(office, as: "ledger") }

    /// Writes some transactions, as many as the database takes; returns when it is known which.
    /// - Parameter add: adds statements to a transaction; it is told what the rows are before it.
    mutating func write(transactions count: Int, _ add: (inout Transaction, [Key: Row]) -> Void) async throws {
        var rows = ledger.rows
        let transactions = (1...count).map { number in
            var transaction = Transaction(receipt: ledger.tally.lastReceipt + number)
            add(&transaction, rows)
            for (key, row) in transaction.effects { rows[key] = row }
            return transaction
        }
        let answer = try await receipts.commit(transactions.map { ($0.receipt, $0.sql) })
        ledger.take(transactions, answer)
    }
}
