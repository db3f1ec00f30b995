import TrunklineTesting

/// A branch's sales as a database has them, against the till's ledger. Nothing of Trunkline's decides.
struct OfficeAudit: Sendable {
    /// Keys whose row is missing, is not what was committed last, or was deleted and is still there.
    private(set) var lost: Set<String> = []
    /// Keys that are there more than once, or that no till ever used.
    private(set) var doubled: Set<String> = []

    /// - Parameters:
    ///   - lines: as ``Sale/query(_:)`` shows them.
    ///   - ledger: what must be there.
    init(_ lines: [Substring], _ ledger: Ledger) {
        let wanted = ledger.lines
        var seen: Set<Substring> = []
        for line in lines {
            let key = line.prefix { $0 != "|" }
            if !seen.insert(key).inserted {
                doubled.insert(String(key))
            } else if wanted.contains(String(line)) {
                continue
            } else if let id = Int(key), (1...max(1, ledger.highestID)).contains(id) {
                lost.insert(String(key))
            } else {
                doubled.insert(String(key))
            }
        }
        for id in ledger.sales.keys where !seen.contains("\(id)") { lost.insert("\(id)") }
    }

    var isClean: Bool { lost.isEmpty && doubled.isEmpty }

    /// What the branch's own database holds.
    static func own(_ branch: TestOffice, _ ledger: Ledger) async throws -> OfficeAudit {
        let lines = try await onThread { try branch.run(Sale.query()) }
        return OfficeAudit(lines.split(separator: "\n"), ledger)
    }

    /// What the head's database holds of a branch.
    static func head(_ head: TestOffice, of branch: TestOffice, _ ledger: Ledger) async throws -> OfficeAudit {
        let lines = try await onThread { [id = branch.id] in try head.run(Sale.query("branch_id = '\(id)'")) }
        return OfficeAudit(lines.split(separator: "\n"), ledger)
    }
}
