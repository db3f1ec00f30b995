import TrunklineCore

extension World {
    /// What must hold between any two events of a stream with a history of restores.
    func checkEpochs(of branch: SimulatedOffice) throws {
        let sender = try branch.application.rows("SELECT epoch, acked_watermark, past_epochs FROM trunkline_outbound")[
            0]
        let receiver = try head.application.rows(
            "SELECT epoch, watermark FROM trunkline_inbound WHERE stream = '\(branch.stream)'"
        ).first
        for batch in try branch.application.rows("SELECT id, previous_id FROM trunkline_batch") {
            predecessors[batch[0]!] = .some(batch[1])
        }
        // The head lost what it had acknowledged in this epoch.
        guard doubtful[branch.id] != sender[0] else { return }
        let acked = Int(sender[1]!)!
        if receiver?[0] == sender[0] {
            guard acked <= Int(receiver![1]!)! else {
                throw BrokenPromise(
                    "1. Nothing is lost",
                    "\(branch.id) counts batch \(acked) as acked, the head has \(receiver![1]!)")
            }
        } else if receiver.map({ sender[2]!.contains($0[0]!) }) ?? true {
            guard acked == 0 else {
                throw BrokenPromise(
                    "1. Nothing is lost",
                    "\(branch.id) counts batch \(acked) as acked, of an epoch that the head does not follow")
            }
        }
    }

    /// When all is at rest: only a restored branch's stream is stopped, and both ends know.
    func checkStops() throws {
        for branch in branches {
            let (here, atHead) = (try isStopped(branch), try isStoppedAtHead(branch))
            guard here || atHead else { continue }
            guard mayStop.contains(branch.id) else {
                let reason = try branch.application.rows("SELECT stopped FROM trunkline_outbound")[0][0]
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "the stream of \(branch.id) is stopped for no reason: \(reason ?? "only at the head")")
            }
            guard here && atHead else {
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "\(branch.id) is stopped only at \(here ? "the branch" : "the head")")
            }
        }
    }

    /// After a decision, when all is at rest again and the tills wrote nothing since.
    func check(_ decided: Case) throws {
        let branch = decided.branch
        func expect(_ rows: Set<String>, in others: Set<String>, _ what: String) throws {
            let lost = rows.subtracting(others).sorted()
            guard lost.isEmpty else {
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "\(what) after \(decided.mode.rawValue) at \(branch.id): \(lost)")
            }
        }
        let atHead = try head.contents(of: branch.id)
        let atBranch = try branch.contents()
        switch decided.mode {
        case .compare:
            try expect(decided.atHead, in: atHead, "gone from the head")
            try expect(atHead, in: decided.atHead, "new at the head")
            try expect(decided.atBranch, in: atBranch, "gone from the branch")
        case .keepBranch:
            try expect(decided.atBranch, in: atBranch, "gone from the branch")
            try expect(
                decided.atHead, in: atHead.union(try head.superseded(of: branch.stream)), "neither kept nor put aside")
        case .keepHead:
            try expect(decided.atHead, in: atHead, "gone from the head")
            try expect(
                decided.atBranch, in: atBranch.union(try branch.superseded(of: branch.stream)),
                "neither kept nor put aside")
        case .resend: preconditionFailure("nobody decides for it")
        }
    }

    /// At the end, where the head kept rows of its own: what differs is a key that it keeps, or is set aside.
    func checkDifferences(of branch: SimulatedOffice) throws {
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
