/// What a run came to, as it is printed.
struct ChaosReport {
    var seed: UInt64
    var faults: [Fault.Kind: Int]
    var skipped: [String]
    /// By office.
    var tallies: [String: WriterTally]
    /// What travelled, a line a stream.
    var streams: [String]
    var audit: SiteAudit
    /// nil: it did not.
    var convergedIn: Duration?
    /// Services that ended by themselves, and what ``Aftermath`` found.
    var complaints: [String]

    var holds: Bool {
        audit.isClean && convergedIn != nil && complaints.isEmpty && tallies.values.allSatisfy { $0.rowsWritten > 0 }
            && tallies.values.allSatisfy { $0.forgotten == 0 }
    }

    var text: String {
        (faultLines + skipped + writerLines + streams + audit.details + complaints + [verdict]).joined(separator: "\n")
    }

    private var faultLines: [String] {
        Fault.Kind.allCases.map { kind in
            let count = "\(faults[kind] ?? 0)"
            return String(repeating: " ", count: max(0, 6 - count.count)) + "\(count)  \(kind.rawValue)"
        }
    }

    private var writerLines: [String] {
        tallies.sorted { $0.key < $1.key }.map { name, tally in
            "\(name): \(tally.rowsWritten) rows written in \(tally.lastReceipt) transactions, \(tally.refused) tries "
                + "failed with their database, \(tally.rows) rows at the end"
                + (tally.forgotten > 0 ? "; the database forgot \(tally.forgotten) commits" : "")
        }
    }

    private var verdict: String {
        let written = tallies.values.reduce(0) { $0 + $1.rowsWritten }
        let down = tallies["head"]?.rowsWritten ?? 0
        let end = convergedIn.map { "converged in \(($0 / .milliseconds(100)).rounded() / 10) s" } ?? "did not converge"
        return
            "chaos: \(faults.values.reduce(0, +)) faults, \(written - down) rows written to go up, \(down) to go down, \(audit.lost) lost, "
            + "\(audit.doubled) doubled, \(end)"
    }
}
