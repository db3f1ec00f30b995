/// What a run came to, as it is printed.
struct ChaosReport {
    var seed: UInt64
    var faults: [Fault.Kind: Int]
    var skipped: [String]
    /// By office.
    var tallies: [String: WriterTally]
    /// Of the shared tables, by office.
    var editors: [String: WriterTally]
    /// What travelled, a line a stream.
    var streams: [String]
    var audit: SiteAudit
    /// nil: it did not.
    var convergedIn: Duration?
    /// Services that ended by themselves, and what ``Aftermath`` found.
    var complaints: [String]

    var holds: Bool {
        audit.isClean && convergedIn != nil && complaints.isEmpty
            && (Array(tallies.values) + editors.values).allSatisfy { $0.rowsWritten > 0 && $0.forgotten == 0 }
    }

    var text: String {
        (faultLines + skipped + writerLines + editorLines + streams + audit.details + complaints + [verdict]).joined(
            separator: "\n")
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
                + "failed with their database, \(tally.rows) rows at the end" + forgotten(tally)
        }
    }

    private var editorLines: [String] {
        let lines = editors.sorted { $0.key < $1.key }.map { name, tally in
            "\(name), shared tables: \(tally.rowsWritten) rows written in \(tally.lastReceipt) transactions, "
                + "\(tally.refused) tries failed with their database" + forgotten(tally)
        }
        let kinds = Dictionary(grouping: audit.conflicts, by: \.kind).sorted { $0.key < $1.key }
        let kept = kinds.map { "\($0.value.count) \($0.key)" }.joined(separator: ", ")
        return lines + ["conflicts kept at the head: \(audit.conflicts.count)" + (kept.isEmpty ? "" : " (\(kept))")]
    }

    private func forgotten(_ tally: WriterTally) -> String {
        tally.forgotten > 0 ? "; the database forgot \(tally.forgotten) commits" : ""
    }

    private var verdict: String {
        let written = tallies.values.reduce(0) { $0 + $1.rowsWritten }
        let down = tallies["head"]?.rowsWritten ?? 0
        let shared = editors.values.reduce(0) { $0 + $1.rowsWritten }
        let end = convergedIn.map { "converged in \(($0 / .milliseconds(100)).rounded() / 10) s" } ?? "did not converge"
        return
            "chaos: \(faults.values.reduce(0, +)) faults, \(written - down) rows written to go up, \(down) to go down, "
            + "\(shared) shared, \(audit.lost) lost, \(audit.doubled) doubled, \(end)"
    }
}
