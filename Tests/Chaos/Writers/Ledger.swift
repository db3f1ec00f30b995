/// What a writer has committed, kept beside its database: what every office must hold in the end.
struct Ledger<Key: Hashable & Sendable, Row: Sendable>: Sendable {
    private(set) var rows: [Key: Row] = [:]
    /// Every key that was ever used.
    private(set) var keys: Set<Key> = []
    private(set) var tally = WriterTally()

    /// Takes what a writer tried.
    /// - Parameters:
    ///   - transactions: in their order; the first that fails is the last that was tried.
    ///   - receipt: the last one that the database knows of.
    ///   - confirmed: the last one whose commit the writer was told of.
    mutating func take(_ transactions: [LedgerTransaction<Key, Row>], through receipt: Int, confirmed: Int) {
        tally.forgotten += max(0, confirmed - receipt)
        for transaction in transactions {
            guard transaction.receipt <= receipt else {
                tally.refused += 1
                continue
            }
            tally.lastReceipt = transaction.receipt
            for (key, row) in transaction.effects {
                rows[key] = row
                keys.insert(key)
            }
            tally.rowsWritten += transaction.rowsWritten
        }
        tally.rows = rows.count
    }
}
