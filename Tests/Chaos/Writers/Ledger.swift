/// What a writer has committed, kept beside its database: what every office must hold in the end.
struct Ledger<Key: Hashable & Sendable, Row: Sendable>: Sendable {
    private(set) var rows: [Key: Row] = [:]
    /// Every key that was ever used.
    private(set) var keys: Set<Key> = []
    private(set) var tally = WriterTally()

    /// Takes what a writer tried.
    mutating func take(_ transactions: [LedgerTransaction<Key, Row>], _ answer: ReceiptWriter.Answer) {
        tally.take(transactions.map(\.receipt), answer)
        for transaction in transactions where transaction.receipt <= answer.receipt {
            for (key, row) in transaction.effects {
                rows[key] = row
                keys.insert(key)
            }
            tally.rowsWritten += transaction.rowsWritten
        }
        tally.rows = rows.count
    }
}
