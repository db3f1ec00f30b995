import TrunklineTesting

/// A branch's till: inserts, updates, cancels, deletes, uses old keys again and changes keys, from a seed.
struct Till {
    typealias Book = Ledger<Int, Sale>

    private let region: String
    private var writer: LedgerWriter<Int, Sale>
    private var random: SplitMix64
    private var nextID = 1

    init(_ office: TestOffice, seed: UInt64) {
        region = office.id
        writer = LedgerWriter(office)
        random = SplitMix64(seed: seed)
    }

    var ledger: Book { writer.ledger }

    /// Writes some transactions, as many as the database takes; returns when it is known which.
    mutating func sell(transactions count: Int) async throws {
        var draws = Draws(region: region, random: random, nextID: nextID)
        try await writer.write(transactions: count) { draws.fill(&$0, $1) }
        (random, nextID) = (draws.random, draws.nextID)
    }

    /// What the till does next.
    private struct Draws {
        var region: String
        var random: SplitMix64
        var nextID: Int

        mutating func fill(_ transaction: inout LedgerTransaction<Int, Sale>, _ sales: [Int: Sale]) {
            for _ in 0..<Int.random(in: 1...4, using: &random) { addStatement(&transaction, sales) }
        }

        private mutating func addStatement(_ transaction: inout LedgerTransaction<Int, Sale>, _ sales: [Int: Sale]) {
            let id = Int.random(in: 1...max(nextID - 1, 1), using: &random)
            let sale = transaction.effects[id] ?? sales[id]
            let fresh = Sale.random(in: region, using: &random)
            let ticket = Int.random(in: 0..<100, using: &random)
            guard ticket >= 45 else { return transaction.insert(takeID(), fresh) }
            guard var sale else { return transaction.insert(id < nextID ? id : takeID(), fresh) }
            switch ticket {
            case ..<76:
                (sale.qty, sale.product) = (fresh.qty, fresh.product)
                transaction.update(id, sale)
            case ..<82: transaction.cancel(id, sale)
            case ..<94: transaction.delete(id)
            default: transaction.move(id, to: takeID(), sale)
            }
        }

        private mutating func takeID() -> Int {
            defer { nextID += 1 }
            return nextID
        }
    }
}

extension LedgerTransaction<Int, Sale> {
    fileprivate mutating func insert(_ id: Int, _ sale: Sale) {
        write("insert into product_sales (id, \(Sale.columns)) values (\(id), \(sale.values));", id, sale)
    }

    fileprivate mutating func update(_ id: Int, _ sale: Sale) {
        write(
            "update product_sales set qty = \(sale.qty), product = \(sale.quotedProduct) where id = \(id);", id, sale)
    }

    fileprivate mutating func cancel(_ id: Int, _ sale: Sale) {
        var cancelled = sale
        cancelled.isCancelled = true
        write("update product_sales set deleted_at = '2026-11-30 09:00:00+00' where id = \(id);", id, cancelled)
    }

    fileprivate mutating func delete(_ id: Int) { write("delete from product_sales where id = \(id);", id, nil) }

    fileprivate mutating func move(_ id: Int, to other: Int, _ sale: Sale) {
        move("update product_sales set id = \(other) where id = \(id);", id, to: other, sale)
    }
}
