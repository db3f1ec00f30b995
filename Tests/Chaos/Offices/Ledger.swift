/// What a branch's till has committed, kept beside the database: what every office must hold in the end.
struct Ledger: Sendable {
    /// By the branch's key.
    private(set) var sales: [Int: Sale] = [:]
    /// The till's last transaction that was committed.
    private(set) var lastReceipt = 0
    /// Rows inserted, updated and deleted.
    private(set) var rowsWritten = 0
    /// The highest key that was ever used.
    private(set) var highestID = 0
    /// Transactions that the database refused or lost with its connection.
    private(set) var refused = 0
    /// Transactions that the database confirmed and then forgot: no fault of ours may cause that.
    private(set) var forgotten = 0

    /// Takes what a till tried.
    /// - Parameters:
    ///   - transactions: in their order; the first that fails is the last that was tried.
    ///   - receipt: the last one that the database knows of.
    ///   - confirmed: the last one whose commit the till was told of.
    mutating func take(_ transactions: [TillTransaction], through receipt: Int, confirmed: Int) {
        forgotten += max(0, confirmed - receipt)
        for transaction in transactions {
            guard transaction.receipt <= receipt else {
                refused += 1
                continue
            }
            lastReceipt = transaction.receipt
            for (id, sale) in transaction.effects {
                sales[id] = sale
                highestID = max(highestID, id)
            }
            rowsWritten += transaction.rowsWritten
        }
    }

    /// As ``Sale/query(_:)`` must show it.
    var lines: Set<String> { Set(sales.map { $0.value.line(id: $0.key) }) }
}
