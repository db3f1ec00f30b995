import TrunklineTesting

/// What a database holds, against a writer's ledger. Nothing of Trunkline's decides.
struct OfficeAudit: Sendable {
    /// Keys whose row is missing, is not what was committed last, or was deleted and is still there.
    private(set) var lost: Set<String> = []
    /// Keys that are there more than once, or that no writer ever used.
    private(set) var doubled: Set<String> = []

    /// - Parameters:
    ///   - lines: as a query of an office shows them.
    ///   - expected: what must be there.
    init(_ lines: [Substring], _ expected: ExpectedRows) {
        var seen: Set<Substring> = []
        for line in lines {
            let key = ExpectedRows.key(of: line)
            if !seen.insert(key).inserted {
                doubled.insert(String(key))
            } else if expected.lines[key].map({ $0 == line }) ?? false {
                continue
            } else if expected.keys.contains(String(key)) {
                lost.insert(String(key))
            } else {
                doubled.insert(String(key))
            }
        }
        for key in expected.lines.keys where !seen.contains(key) { lost.insert(String(key)) }
    }

    init(lost: Set<String>) { self.lost = lost }

    /// Asks an office's database.
    init(_ office: TestOffice, _ query: String, _ expected: ExpectedRows) async throws {
        let lines = try await onThread { try office.run(query) }
        self.init(lines.split(separator: "\n"), expected)
    }

    var isClean: Bool { lost.isEmpty && doubled.isEmpty }
}
