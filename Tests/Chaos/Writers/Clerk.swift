import TrunklineTesting

/// The head's clerk: sets prices, writes transfer notes, sends notes to other branches, takes both back, uses old keys
/// again and changes keys, from a seed.
struct Clerk {
    typealias Book = Ledger<CatalogueRow.Key, CatalogueRow>

    private let branches: [String]
    private var writer: LedgerWriter<CatalogueRow.Key, CatalogueRow>
    private var random: SplitMix64
    private var nextID = 1

    /// - Parameter branches: those that get notes; some notes go to one that there is not.
    init(_ head: TestOffice, branches: [String], seed: UInt64) {
        self.branches = branches + ["nowhere"]
        writer = LedgerWriter(head)
        random = SplitMix64(seed: seed)
    }

    var ledger: Book { writer.ledger }

    /// Writes some transactions, as many as the database takes; returns when it is known which.
    mutating func write(transactions count: Int) async throws {
        var draws = Draws(branches: branches, random: random, nextID: nextID)
        try await writer.write(transactions: count) { draws.fill(&$0, $1) }
        (random, nextID) = (draws.random, draws.nextID)
    }

    /// What the clerk does next.
    private struct Draws {
        typealias Transaction = LedgerTransaction<CatalogueRow.Key, CatalogueRow>

        var branches: [String]
        var random: SplitMix64
        var nextID: Int

        mutating func fill(_ transaction: inout Transaction, _ rows: [CatalogueRow.Key: CatalogueRow]) {
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                if Bool.random(using: &random) {
                    addPrice(&transaction, rows)
                } else {
                    addNote(&transaction, rows)
                }
            }
        }

        private mutating func addPrice(_ transaction: inout Transaction, _ rows: [CatalogueRow.Key: CatalogueRow]) {
            let (product, other) = (self.product(), self.product())
            func row(_ product: String) -> CatalogueRow? {
                transaction.effects[.price(product)] ?? rows[.price(product)]
            }
            let cents = Int.random(in: 1...9_999, using: &random)
            let ticket = Int.random(in: 0..<100, using: &random)
            guard let price = row(product) else { return transaction.insert(product, cents) }
            switch ticket {
            case ..<75: transaction.update(product, cents)
            case ..<90: transaction.delete(product)
            default: if row(other) == nil { transaction.rename(product, to: other, price) }
            }
        }

        private mutating func addNote(_ transaction: inout Transaction, _ rows: [CatalogueRow.Key: CatalogueRow]) {
            let id = Int.random(in: 1...max(nextID - 1, 1), using: &random)
            let note = transaction.effects[.note(id)] ?? rows[.note(id)]
            let fresh = CatalogueRow.note(
                branch: branches.randomElement(using: &random)!, product: product(),
                qty: .random(in: 1...90, using: &random))
            let ticket = Int.random(in: 0..<100, using: &random)
            guard ticket >= 40 else { return transaction.insert(takeID(), fresh) }
            guard let note else { return transaction.insert(id < nextID ? id : takeID(), fresh) }
            switch ticket {
            case ..<75: transaction.update(id, fresh)
            case ..<90: transaction.delete(id)
            default: transaction.move(id, to: takeID(), note)
            }
        }

        private mutating func product() -> String { "Product \(Int.random(in: 1...300, using: &random))" }

        private mutating func takeID() -> Int {
            defer { nextID += 1 }
            return nextID
        }
    }
}

extension LedgerTransaction<CatalogueRow.Key, CatalogueRow> {
    fileprivate mutating func insert(_ product: String, _ cents: Int) {
        write("insert into price values ('\(product)', '\(Sale.money(cents))');", .price(product), .price(cents))
    }

    fileprivate mutating func update(_ product: String, _ cents: Int) {
        write(
            "update price set price = '\(Sale.money(cents))' where product = '\(product)';", .price(product),
            .price(cents))
    }

    fileprivate mutating func delete(_ product: String) {
        write("delete from price where product = '\(product)';", .price(product), nil)
    }

    fileprivate mutating func rename(_ product: String, to other: String, _ price: CatalogueRow) {
        move(
            "update price set product = '\(other)' where product = '\(product)';", .price(product), to: .price(other),
            price)
    }

    fileprivate mutating func insert(_ id: Int, _ note: CatalogueRow) {
        guard case .note(let branch, let product, let qty) = note else { preconditionFailure("not a note") }
        write(
            "insert into transfer_note (id, branch_id, product, qty) values (\(id), '\(branch)', '\(product)', \(qty));",
            .note(id), note)
    }

    /// Of its branch too: it leaves one and comes to another.
    fileprivate mutating func update(_ id: Int, _ note: CatalogueRow) {
        guard case .note(let branch, let product, let qty) = note else { preconditionFailure("not a note") }
        write(
            "update transfer_note set branch_id = '\(branch)', product = '\(product)', qty = \(qty) where id = \(id);",
            .note(id), note)
    }

    fileprivate mutating func delete(_ id: Int) { write("delete from transfer_note where id = \(id);", .note(id), nil) }

    fileprivate mutating func move(_ id: Int, to other: Int, _ note: CatalogueRow) {
        move("update transfer_note set id = \(other) where id = \(id);", .note(id), to: .note(other), note)
    }
}
