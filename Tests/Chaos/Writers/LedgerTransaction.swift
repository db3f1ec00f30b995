/// One transaction of a writer: statements, and what they do to its ledger.
struct LedgerTransaction<Key: Hashable & Sendable, Row: Sendable>: Sendable {
    /// Counts the writer's transactions; the database keeps the number of the last one, in the same transaction.
    let receipt: Int
    private(set) var effects: [Key: Row?] = [:]
    private(set) var rowsWritten = 0
    private var statements: [String] = []

    init(receipt: Int) { self.receipt = receipt }

    var sql: String { statements.joined(separator: "\n") }

    /// Adds a statement that leaves one row as given, or without it.
    mutating func write(_ statement: String, _ key: Key, _ row: Row?) {
        statements.append(statement)
        effects[key] = .some(row)
        rowsWritten += 1
    }

    /// Adds a statement that gives a row another key.
    mutating func move(_ statement: String, _ key: Key, to other: Key, _ row: Row) {
        write(statement, other, row)
        effects[key] = .some(nil)
    }
}
