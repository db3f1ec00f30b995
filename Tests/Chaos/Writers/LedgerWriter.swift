import TrunklineTesting

/// Writes an office's database and nothing else, through that database's own command-line client, and keeps the ledger.
///
/// When a commit's answer is lost it does what a careful program does: it asks for the last receipt before it writes on.
struct LedgerWriter<Key: Hashable & Sendable, Row: Sendable>: Sendable {
    typealias Transaction = LedgerTransaction<Key, Row>

    private let office: TestOffice
    private(set) var ledger = Ledger<Key, Row>()

    init(_ office: TestOffice) { self.office = office }

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
        let begin = office.kind == .sqlite ? "begin immediate" : "begin"
        let sql = transactions.map { $0.sql(begin: begin) }.joined()
        let outcome = try await onThread { [office] in try office.attempt(sql) }
        let confirmed = outcome.output.split(separator: "\n").last?.split(separator: " ").last.flatMap { Int($0) }
        ledger.take(transactions, through: try await lastReceipt(), confirmed: confirmed ?? 0)
    }

    /// Asks until the database answers.
    private func lastReceipt() async throws -> Int {
        var last: Int?
        try await eventually("\(office.id) tells its writer's last receipt", within: .seconds(120)) {
            let outcome = try await onThread { [office] in try office.attempt("select number from receipt") }
            last = outcome.exit == .code(0) ? Int(outcome.output) : nil
            return last != nil
        }
        return last!
    }
}
