import TrunklineTesting

/// Commits transactions to an office's database and nothing else, through that database's own command-line client.
///
/// With each it writes a receipt number into a table that is not synced. When a commit's answer is lost it does what a
/// careful program does: it asks for the last receipt before it writes on.
struct ReceiptWriter: Sendable {
    private let office: TestOffice
    /// Each writer of a database has a receipt of its own.
    private let name: String

    /// What became of some transactions.
    struct Answer: Sendable {
        /// The last receipt that the database knows of.
        var receipt: Int
        /// The last one whose commit the writer was told of; 0: of none.
        var confirmed: Int
        /// What the statements showed, also those of a transaction whose commit was not answered.
        var output: [Substring]
    }

    static let schema = "create table receipt (writer text primary key, number integer not null);"

    init(_ office: TestOffice, as name: String) {
        self.office = office
        self.name = name
    }

    /// Commits in the order of the receipts, as many as the database takes; returns when it is known which. The first that
    /// fails is the last that was tried.
    /// - Parameter transactions: the statements of each, under its receipt.
    func commit(_ transactions: [(receipt: Int, statements: String)]) async throws -> Answer {
        // SQLite takes its lock at once with `begin immediate`.
        let begin = office.kind == .sqlite ? "begin immediate" : "begin"
        let sql = transactions.map { receipt, statements in
            """
            \(begin);
            \(statements)
            insert into receipt values ('\(name)', \(receipt))
            on conflict (writer) do update set number = excluded.number;
            commit;
            select 'committed \(receipt)';

            """
        }.joined()
        let outcome = try await onThread { [office] in try office.attempt(sql) }
        let output = outcome.output.split(separator: "\n")
        let confirmed = output.last { $0.hasPrefix("committed ") }?.split(separator: " ").last.flatMap { Int($0) }
        return Answer(receipt: try await lastReceipt(), confirmed: confirmed ?? 0, output: output)
    }

    /// Asks until the database answers.
    private func lastReceipt() async throws -> Int {
        var last: Int?
        let query = "select coalesce(max(number), 0) from receipt where writer = '\(name)'"
        try await eventually("\(office.id) tells its writer's last receipt", within: .seconds(120)) {
            let outcome = try await onThread { [office] in try office.attempt(query) }
            last = outcome.exit == .code(0) ? Int(outcome.output) : nil
            return last != nil
        }
        return last!
    }
}
