import TrunklineTesting

/// Edits the shared tables of an office, from a seed: single columns, deletes, inserts under keys that others use too, and
/// sums.
///
/// It knows of each write what it saw: the row was locked when it was read.
struct Editor: Sendable {
    private let office: TestOffice
    private let receipts: ReceiptWriter
    private var random: SplitMix64
    private(set) var writes: [SharedWrite] = []
    private(set) var tally = WriterTally()

    init(_ office: TestOffice, seed: UInt64) {
        self.office = office
        receipts = ReceiptWriter(office, as: "editor")
        random = SplitMix64(seed: seed)
    }

    /// Writes some transactions, as many as the database takes; returns when it is known which, and what they met.
    mutating func edit(transactions count: Int) async throws {
        let transactions = (1...count).map { number in
            let receipt = tally.lastReceipt + number
            let statements = (1...Int.random(in: 1...4, using: &random)).map { statement(receipt, "\(receipt).\($0)") }
            return (receipt: receipt, statements: statements.joined(separator: "\n"))
        }
        let answer = try await receipts.commit(transactions)
        take(answer.output, through: answer.receipt)
        tally.take(transactions.map(\.receipt), answer)
        tally.rowsWritten = writes.count
    }

    // MARK: Statements

    private mutating func statement(_ receipt: Int, _ number: String) -> String {
        let marker = "\(office.id) \(number)"
        let ticket = Int.random(in: 0..<100, using: &random)
        let amount = Int.random(in: 1...9, using: &random) * (Bool.random(using: &random) ? 1 : -1)
        let key = customer()
        switch ticket {
        case ..<36:
            let column = SharedTable.customer.columns[Int.random(in: 0...2, using: &random)]
            return update(.customer, key, "\(column) = '\(marker)'", receipt)
        case ..<42: return update(.customer, key, "name = '\(marker)', phone = '\(marker)'", receipt)
        case ..<52:
            return "delete from customer where id = \(key) returning \(line("deleted", .customer, receipt));"
        case ..<68: return insert(.customer, key, marker, amount, receipt)
        case ..<70:
            let key = Int.random(in: SharedTable.keys(of: office.id, 21...400), using: &random)
            return insert(.stock, key, marker, amount, receipt)
        case ..<75: return update(.stock, article(), "place = '\(marker)'", receipt)
        case ..<78: return update(.stock, article(), "amount = amount + \(amount), place = '\(marker)'", receipt)
        default: return update(.stock, article(), "amount = amount + \(amount)", receipt)
        }
    }

    /// Some are edited by everybody all the time, the others at times.
    private mutating func customer() -> Int {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...1: Int.random(in: 1...200, using: &random)
        case 2...3: Int.random(in: 10_001...10_200, using: &random)
        default: Int.random(in: 1...10_000, using: &random)
        }
    }

    private mutating func article() -> Int {
        let own = SharedTable.keys(of: Bool.random(using: &random) ? "east" : "west", 1...20)
        return Int.random(in: 0..<10, using: &random) == 0
            ? Int.random(in: own, using: &random) : Int.random(in: 1...200, using: &random)
    }

    private func insert(_ table: SharedTable, _ key: Int, _ marker: String, _ amount: Int, _ receipt: Int) -> String {
        let values = table.row(marker, amount: amount).map { "'\($0)'" }.joined(separator: ", ")
        return "insert into \(table) values (\(key), \(values)) on conflict (id) do nothing "
            + "returning \(line("inserted", table, receipt));"
    }

    /// On PostgreSQL a row may come between two statements of a transaction; it is left alone then, since it was not seen.
    private func update(_ table: SharedTable, _ key: Int, _ change: String, _ receipt: Int) -> String {
        let isPostgres = office.kind == .postgres
        return """
            select \(line("before", table, receipt)) from \(table) where id = \(key)\(isPostgres ? " for update" : "");
            \(isPostgres ? "\\if :ROW_COUNT" : "")
            update \(table) set \(change) where id = \(key) returning \(line("after", table, receipt));
            \(isPostgres ? "\\endif" : "")
            """
    }

    // MARK: What they met

    private func line(_ what: String, _ table: SharedTable, _ receipt: Int) -> String {
        "\(receipt), '\(what)', '\(table)', id, \(table.columns.joined(separator: ", "))"
    }

    private mutating func take(_ output: [Substring], through receipt: Int) {
        var before: [String]?
        for line in output {
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            guard fields.count > 4, let number = Int(fields[0]), number <= receipt, let key = Int(fields[3]),
                let table = SharedTable(rawValue: fields[2])
            else { continue }
            let row = Array(fields[4...])
            switch fields[1] {
            case "before": before = row
            case "after": writes.append(SharedWrite(table: table, key: key, before: before, after: row))
            case "deleted": writes.append(SharedWrite(table: table, key: key, before: row, after: nil))
            default: writes.append(SharedWrite(table: table, key: key, before: nil, after: row))
            }
        }
    }
}
