import TrunklineTesting

/// A branch's till: inserts, updates, cancels, deletes, uses old keys again and changes keys, from a seed.
///
/// It writes to its own database and nothing else, through that database's own command-line client. When a commit's
/// answer is lost it does what a careful till does: it asks for the last receipt before it writes on.
struct Till {
    private let office: TestOffice
    private var random: SplitMix64
    private(set) var ledger = Ledger()
    private var nextID = 1
    private var nextReceipt = 1

    init(_ office: TestOffice, seed: UInt64) {
        self.office = office
        random = SplitMix64(seed: seed)
    }

    /// Writes some transactions, as many as the database takes; returns when it is known which.
    mutating func sell(transactions count: Int) async throws {
        var draft: [Int: Sale?] = [:]
        let transactions = (0..<count).map { _ in transaction(&draft) }
        let begin = office.kind == .sqlite ? "begin immediate" : "begin"
        let sql = transactions.map { $0.sql(begin: begin) }.joined()
        let outcome = try await onThread { [office] in try office.attempt(sql) }
        let confirmed = outcome.output.split(separator: "\n").last?.split(separator: " ").last.flatMap { Int($0) }
        let receipt = try await lastReceipt()
        ledger.take(transactions, through: receipt, confirmed: confirmed ?? 0)
        nextReceipt = ledger.lastReceipt + 1
        nextID = ledger.highestID + 1
    }

    /// Asks until the database answers.
    private func lastReceipt() async throws -> Int {
        var last: Int?
        try await eventually("\(office.id) tells its till's last receipt", within: .seconds(120)) {
            let outcome = try await onThread { [office] in try office.attempt("select receipt from till") }
            last = outcome.exit == .code(0) ? Int(outcome.output) : nil
            return last != nil
        }
        return last!
    }

    private mutating func transaction(_ draft: inout [Int: Sale?]) -> TillTransaction {
        var transaction = TillTransaction(receipt: nextReceipt)
        nextReceipt += 1
        for _ in 0..<Int.random(in: 1...4, using: &random) { addStatement(&transaction, draft) }
        draft.merge(transaction.effects) { _, new in new }
        return transaction
    }

    private mutating func addStatement(_ transaction: inout TillTransaction, _ draft: [Int: Sale?]) {
        let id = Int.random(in: 1...max(nextID - 1, 1), using: &random)
        let sale = transaction.effects[id] ?? draft[id] ?? ledger.sales[id]
        let fresh = Sale.random(in: office.id, using: &random)
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
