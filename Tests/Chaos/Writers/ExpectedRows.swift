/// What an office's database must hold by a ledger: as lines that begin with the row's key, up to the first `|`.
struct ExpectedRows: Sendable {
    /// By key.
    private(set) var lines: [Substring: String] = [:]
    /// Every key that was ever used.
    let keys: Set<String>

    init(lines: [String], keys: [String]) {
        for line in lines { self.lines[ExpectedRows.key(of: line[...])] = line }
        self.keys = Set(keys)
    }

    static func key(of line: Substring) -> Substring { line.prefix { $0 != "|" } }
}
