import TrunklineCore

/// Tables that the head and its branches write, one for each policy.
enum SharedTables {
    static let policies: KeyValuePairs = [
        "by_time": ConflictPolicy(.lastWriterWins), "by_head": ConflictPolicy(.headWins),
        "by_branch": ConflictPolicy(.branchWins), "by_hand": ConflictPolicy(.manual),
        "by_column": ConflictPolicy(.lastWriterWins, columns: .init()),
        "by_sum": ConflictPolicy(.headWins, columns: .init(added: ["amount"])),
    ]

    static let names = policies.map(\.key)
    /// The key first.
    static let columns = ["id", "name", "note", "amount"]

    static let sql = names.map {
        "CREATE TABLE \($0) (id INTEGER PRIMARY KEY, name TEXT, note TEXT, amount INTEGER);"
    }.joined()

    static let rules = policies.map { TableRule(TableName($0.key), direction: .shared, conflict: $0.value) }

    /// What a table of sums has from the beginning, and never loses.
    static let summed = 1...3
    static let sum = 100

    /// Every row of a table, by its key.
    static func rows(of table: String, at office: SimulatedOffice) throws -> [String: [String?]] {
        let rows = try office.application.rows(
            "SELECT \(columns.joined(separator: ", ")) FROM \(table) ORDER BY id")
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0]!, $0) })
    }
}
