/// A table that all offices write.
enum SharedTable: String, CaseIterable, Sendable {
    /// Edited column by column, deleted and made again. `made` says which of the rows that a key ever had this one is: an insert
    /// gives it, and nothing changes it.
    case customer
    /// Everybody adds to `amount` and takes from it.
    case stock

    static let offices = ["head", "east", "west"]

    /// Without the key `id`.
    var columns: [String] {
        switch self {
        case .customer: ["name", "note", "phone", "made"]
        case .stock: ["place", "amount"]
        }
    }

    /// Those where a value that was written is there, or it is known why not. Nobody writes the same value twice under a key.
    var kept: [Int] {
        switch self {
        case .customer: [0, 1, 2, 3]
        case .stock: [0]
        }
    }

    /// For `tables:`, as JSON.
    static let rules = """
        {"name": "customer", "direction": "shared", "conflict": {"policy": "merge-columns", "then": "last-writer-wins"}},
        {"name": "stock", "direction": "shared", "conflict": {"delta": ["amount"], "then": "head-wins"}}
        """

    /// Both tables with the rows that an office has before it shares them, in PostgreSQL and in SQLite.
    static func sql(for office: String) -> String {
        """
        create table customer (
            id integer primary key, name text not null, note text not null, phone text not null, made text not null);
        create table stock (id integer primary key, place text not null, amount integer not null);

        """
            + allCases.map { table in
                let rows = table.start(at: office).map { key, row in
                    "(\(key), \(row.map { "'\($0)'" }.joined(separator: ", ")))"
                }
                return "insert into \(table) values \(rows.joined(separator: ",\n"));\n"
            }.joined()
    }

    /// What an office has before it shares the table. The head has all its rows; at a branch some are missing, some differ, and
    /// some are there that the head has not, of customers at both branches.
    func start(at office: String) -> [Int: [String]] {
        let isHead = office == "head"
        var rows: [Int: [String]] = [:]
        for key in self == .customer ? 1...10_000 : 1...200 where isHead || key % 3 != 0 {
            let maker = !isHead && key % 20 == 0 ? office : "start"
            rows[key] = row("\(maker) \(key)", amount: maker == "start" ? 1_000 : 2_000)
        }
        guard !isHead else { return rows }
        let own = self == .customer ? 10_001...10_050 : SharedTable.keys(of: office, 1...20)
        for key in own { rows[key] = row("\(office) \(key)", amount: 500) }
        return rows
    }

    /// What all offices have before they share the table: as if each had just made it, so that it is not lost either.
    var start: [SharedWrite] {
        SharedTable.offices.flatMap { office in
            start(at: office).map { SharedWrite(table: self, key: $0, before: nil, after: $1) }
        }
    }

    /// A new row.
    func row(_ marker: String, amount: Int) -> [String] {
        self == .customer ? Array(repeating: marker, count: 4) : [marker, "\(amount)"]
    }

    /// Keys that no other office gives.
    static func keys(of office: String, _ numbers: ClosedRange<Int>) -> ClosedRange<Int> {
        let range = (1 + offices.firstIndex(of: office)!) * 100_000
        return range + numbers.lowerBound...range + numbers.upperBound
    }

    /// One line a row, on PostgreSQL and on SQLite.
    var query: String { "select id, \(columns.joined(separator: ", ")) from \(self)" }
}
