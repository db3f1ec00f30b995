import TrunklineCore
import TrunklineTerminal

/// What `trunkline recover --json` prints: the verification's answers, and beside them what became of the rows.
struct RecoverySummary: Encodable {
    var verification: VerificationReport.Summary
    var recovery: RecoveryReport?

    private enum CodingKeys: String, CodingKey { case recovery }

    func encode(to encoder: any Encoder) throws {
        try verification.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(recovery, forKey: .recovery)
    }
}

extension RecoveryReport {
    /// For people: what became of the rows, a line a table.
    var lines: [String] { tables.map(\.line) }
}

extension RecoveryReport.Table {
    fileprivate var line: String {
        var parts: [String] = []
        if newKeys > 0 { parts.append("\(HumanNumber.counted(newKeys, "row")) got new keys") }
        if putAside > 0 { parts.append("\(HumanNumber.counted(putAside, "row")) put aside in superseded_row") }
        if let returned { parts.append("\(HumanNumber.counted(returned, "row")) came back from the head") }
        if let notReturned {
            let reason = notReturnedReason.map { " (\($0))" } ?? ""
            parts.append("\(HumanNumber.counted(notReturned, "row")) of the head could not come back\(reason)")
        }
        return "\(name): \(parts.joined(separator: ", "))" + (obstacle.map { "; no new keys, since \($0)" } ?? "")
    }
}
