/// What a run came to, as it is printed.
struct ChaosReport {
    var seed: UInt64
    var faults: [Fault.Kind: Int]
    var skipped: [String]
    var ledgers: [String: Ledger]
    var audit: SiteAudit
    /// nil: it did not.
    var convergedIn: Duration?
    /// Services that ended by themselves, and what ``Aftermath`` found.
    var complaints: [String]

    var holds: Bool {
        audit.isClean && convergedIn != nil && complaints.isEmpty && ledgers.values.allSatisfy { $0.rowsWritten > 0 }
            && ledgers.values.allSatisfy { $0.forgotten == 0 }
    }

    var text: String {
        (faultLines + skipped + tillLines + audit.details + complaints + [verdict]).joined(separator: "\n")
    }

    private var faultLines: [String] {
        Fault.Kind.allCases.map { kind in
            let count = "\(faults[kind] ?? 0)"
            return String(repeating: " ", count: max(0, 6 - count.count)) + "\(count)  \(kind.rawValue)"
        }
    }

    private var tillLines: [String] {
        ledgers.sorted { $0.key < $1.key }.map { name, ledger in
            "\(name): \(ledger.rowsWritten) rows written in \(ledger.lastReceipt) transactions, \(ledger.refused) tries "
                + "failed with their database, \(ledger.sales.count) rows at the end"
                + (ledger.forgotten > 0 ? "; the database forgot \(ledger.forgotten) commits" : "")
        }
    }

    private var verdict: String {
        let written = ledgers.values.reduce(0) { $0 + $1.rowsWritten }
        let end = convergedIn.map { "converged in \(($0 / .milliseconds(100)).rounded() / 10) s" } ?? "did not converge"
        return "chaos: \(faults.values.reduce(0, +)) faults, \(written) rows written, \(audit.lost) lost, "
            + "\(audit.doubled) doubled, \(end)"
    }
}
