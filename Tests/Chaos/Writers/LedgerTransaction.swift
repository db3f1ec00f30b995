/// One transaction of a writer: statements, and what they do to its ledger.
struct LedgerTransaction<Key: Hashable & Sendable, Row: Sendable>: Sendable {
    /// Counts the writer's transactions; the database keeps the number of the last one, in the same transaction.
    let receipt: Int
    private(set) var effects: [Key: Row?] = [:]
    private(set) var rowsWritten = 0
    private var statements: [String] = []

    init(receipt: Int) { self.receipt = receipt }

    /// The table of receipts is the writer's own, and not synced.
    static var schema: String { "create table receipt (number integer not null); insert into receipt values (0);" }

    /// - Parameter begin: SQLite takes its lock at once with `begin immediate`.
    func sql(begin: String) -> String {
        """
        \(begin);
        \(statements.joined(separator: "\n"))
        update receipt set number = \(receipt);
        commit;
        select 'committed \(receipt)';

        """
    }

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
