import TrunklineTesting

/// One transaction of a till: statements, and what they do to the ledger.
struct TillTransaction: Sendable {
    /// Counts the till's transactions; the database keeps the number of the last one, in the same transaction.
    let receipt: Int
    private(set) var effects: [Int: Sale?] = [:]
    private(set) var rowsWritten = 0
    private var statements: [String] = []

    init(receipt: Int) { self.receipt = receipt }

    /// The table of receipts is the till's own, and not synced.
    static let schema = "create table till (receipt integer not null); insert into till values (0);"

    /// - Parameter begin: SQLite takes its lock at once with `begin immediate`.
    func sql(begin: String) -> String {
        """
        \(begin);
        \(statements.joined(separator: "\n"))
        update till set receipt = \(receipt);
        commit;
        select 'committed \(receipt)';

        """
    }

    mutating func insert(_ id: Int, _ sale: Sale) {
        statements.append("insert into product_sales (id, \(Sale.columns)) values (\(id), \(sale.values));")
        note(id, sale)
    }

    mutating func update(_ id: Int, _ sale: Sale) {
        statements.append(
            "update product_sales set qty = \(sale.qty), product = \(sale.quotedProduct) where id = \(id);")
        note(id, sale)
    }

    mutating func cancel(_ id: Int, _ sale: Sale) {
        var cancelled = sale
        cancelled.isCancelled = true
        statements.append("update product_sales set deleted_at = '2026-11-30 09:00:00+00' where id = \(id);")
        note(id, cancelled)
    }

    mutating func delete(_ id: Int) {
        statements.append("delete from product_sales where id = \(id);")
        note(id, nil)
    }

    /// A change of key.
    mutating func move(_ id: Int, to other: Int, _ sale: Sale) {
        statements.append("update product_sales set id = \(other) where id = \(id);")
        effects[id] = .some(nil)
        note(other, sale)
    }

    private mutating func note(_ id: Int, _ sale: Sale?) {
        effects[id] = .some(sale)
        rowsWritten += 1
    }
}
