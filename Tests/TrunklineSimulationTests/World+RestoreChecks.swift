import Foundation
import TrunklineCore

extension World {
    /// What must hold between any two events of a stream with a history of restores.
    func checkEpochs(of flow: Flow) throws {
        let sender = try flow.sender.application.rows(
            "SELECT epoch, acked_watermark, past_epochs FROM trunkline_outbound WHERE \(flow.isOfIt)"
        ).first
        guard let sender else {
            throw BrokenPromise("9. A restored database is noticed", "\(flow.stream) is gone at its sender")
        }
        let receiver = try flow.receiver.application.rows(
            "SELECT epoch, watermark FROM trunkline_inbound WHERE \(flow.isOfIt)"
        ).first
        let batches = try flow.sender.application.rows(
            "SELECT id, previous_id FROM trunkline_batch WHERE \(flow.isOfIt)")
        for batch in batches { predecessors[batch[0]!] = .some(batch[1]) }
        // The receiver lost what it had acknowledged in this epoch.
        guard doubtful[flow.stream] != sender[0] else { return }
        let acked = Int(sender[1]!)!
        if receiver?[0] == sender[0] {
            guard acked <= Int(receiver![1]!)! else {
                throw BrokenPromise(
                    "1. Nothing is lost",
                    "batch \(acked) of \(flow.stream) counts as acked, the receiver has \(receiver![1]!)")
            }
        } else if receiver.map({ sender[2]!.contains($0[0]!) }) ?? true {
            guard acked == 0 else {
                throw BrokenPromise(
                    "1. Nothing is lost",
                    "batch \(acked) of \(flow.stream) counts as acked, of an epoch that the receiver does not follow")
            }
        }
    }

    /// When all is at rest: only streams of restored offices are stopped, and both ends know.
    func checkStops() throws {
        for flow in flows {
            let (here, there) = (try flow.isStoppedBySender(), try flow.isStoppedByReceiver())
            guard here || there else { continue }
            guard try mayStop.contains(flow.stream) || flow.isOfLostEpoch(lostEpochs) else {
                let reason = try flow.sender.application.rows(
                    "SELECT stopped FROM trunkline_outbound WHERE \(flow.isOfIt)")[0][0]
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "the stream \(flow.stream) is stopped for no reason: \(reason ?? "only at the receiver")")
            }
            guard here && there else {
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "\(flow.stream) is stopped only at the \(here ? "sender" : "receiver")")
            }
        }
    }

    /// After a decision, when all is at rest again and the tills wrote nothing since.
    func check(_ decided: Case) throws {
        let flow = decided.flow
        func expect(
            _ rows: Set<String>, in others: Set<String>, but exceptions: Int = 0, _ what: String
        ) throws {
            let lost = rows.subtracting(others).sorted()
            guard lost.count <= exceptions else {
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "\(what) after \(decided.mode.rawValue) of \(flow.stream): \(lost)")
            }
        }
        let atSender = try flow.rowsAtSender()
        let atReceiver = try flow.rowsAtReceiver()
        switch decided.mode {
        case .compare:
            try expect(decided.atReceiver, in: atReceiver, but: decided.setAside, "gone from the receiver")
            try expect(atReceiver, in: decided.atReceiver, but: decided.setAside, "new at the receiver")
            try expect(decided.atSender, in: atSender, "gone from the sender")
        case .keepBranch:
            try expect(decided.atSender, in: atSender, "gone from the sender")
            try expect(
                decided.atReceiver, in: atReceiver.union(try flow.receiver.superseded(of: flow.stream)),
                "neither kept nor put aside")
        case .keepHead:
            try expect(decided.atReceiver, in: atReceiver, "gone from the receiver")
            try expect(
                decided.atSender, in: atSender.union(try flow.sender.superseded(of: flow.stream)),
                "neither kept nor put aside")
            let owner = "\"branch_id\":\"\(flow.branch.id)\","
            let missing = Set(decided.atReceiver.map { $0.replacing(owner, with: "") }).subtracting(atSender)
            let named = try notReturned(of: flow).values.reduce(0, +)
            guard missing.count <= named else {
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "after keep-head of \(flow.stream) did not come back, but for \(named) rows: \(missing.sorted())")
            }
        case .resend: preconditionFailure("nobody decides for it")
        }
    }

    /// How many rows, by table, the last recovery says that it could not bring back.
    private func notReturned(of flow: Flow) throws -> [String: Int] {
        let report = try flow.sender.application.rows(
            "SELECT recovery_report FROM trunkline_outbound WHERE \(flow.isOfIt)")[0][0]
        guard let report else { return [:] }
        let decoded = try JSONDecoder().decode(RecoveryReport.self, from: Data(report.utf8))
        return Dictionary(
            decoded.tables.map { ($0.name.description, $0.notReturned ?? 0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Where the last decision was for the head's rows, it keeps only those of which the branch knows why they did not
    /// come back.
    private func checkKeptRows(of flow: Flow) throws {
        guard lastDecisions[flow.stream] == .keepHead else { return }
        let named = try notReturned(of: flow)
        let kept = try head.application.rows(
            "SELECT table_name, count(*) FROM trunkline_kept_row WHERE \(flow.isOfIt) GROUP BY table_name")
        for row in kept where Int(row[1]!)! != named[row[0]!] ?? 0 {
            throw BrokenPromise(
                "9. A restored database is noticed",
                "the head keeps \(row[1]!) rows of \(row[0]!) of \(flow.stream), the branch knows of \(named[row[0]!] ?? 0)"
            )
        }
    }

    /// At the end, where the head kept rows of its own: what differs is a key that it keeps, and of which the branch knows
    /// why, or is set aside.
    func checkDifferences(of flow: Flow) throws {
        try checkKeptRows(of: flow)
        let branch = flow.branch
        let excused = Set(
            try head.application.rows(
                """
                SELECT table_name || ' ' || key FROM trunkline_kept_row WHERE stream = '\(branch.stream)'
                UNION SELECT table_name || ' ' || key FROM trunkline_set_aside WHERE stream = '\(branch.stream)'
                """
            ).compactMap { $0[0] })
        for (table, columns) in OfficeTemplate.columns {
            let key = table == "line" ? ["sale", "number"] : ["id"]
            let name = "'\(table) [\"' || \(key.joined(separator: " || '\",\"' || ")) || '\"]'"
            let query = "SELECT \(name), \(columns.joined(separator: ", ")) FROM \(table)"
            let sent = Set(try branch.application.rows(query))
            let stored = Set(try head.application.rows("\(query) WHERE branch_id = '\(branch.id)'"))
            for row in sent.symmetricDifference(stored) where !excused.contains(row[0]!) {
                throw BrokenPromise("10. It converges", "\(row[0]!) of \(branch.id) differs")
            }
        }
        let notices = try branch.application.numbers("SELECT count(*) FROM trunkline_set_aside_notice")!
        let setAside = try head.application.numbers(
            "SELECT count(*) FROM trunkline_set_aside WHERE stream = '\(branch.stream)'")!
        guard notices == setAside else {
            throw BrokenPromise(
                "6. One bad row stops nothing",
                "\(branch.id) knows of \(notices[0]) rows that were set aside, the head of \(setAside[0])")
        }
    }
}
