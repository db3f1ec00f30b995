import TrunklineCore

extension World {
    /// What must hold between any two events.
    func checkAtAnyMoment() throws {
        for branch in branches {
            if plan.restores != .none { try checkEpochs(of: branch) }
            let sender = try branch.application.numbers(
                """
                SELECT acked_watermark, (SELECT count(*) FROM trunkline_batch WHERE state = 'sent'),
                    (SELECT min(number) FROM trunkline_batch WHERE number <= acked_watermark AND state <> 'acked')
                FROM trunkline_outbound
                """)!
            let watermark =
                try head.application.numbers(
                    "SELECT watermark FROM trunkline_inbound WHERE stream = '\(branch.stream)'")?[0] ?? 0
            guard sender[0] <= watermark || plan.restores != .none else {
                throw BrokenPromise(
                    "1. Nothing is lost", "\(branch.id) counts batch \(sender[0]) as acked, the head has \(watermark)")
            }
            guard sender[2] == 0 else {
                throw BrokenPromise("1. Nothing is lost", "batch \(sender[2]) of \(branch.id) is acked no more")
            }
            guard sender[1] <= World.window else {
                throw BrokenPromise("7. Bounded", "\(branch.id) has \(sender[1]) batches in flight")
            }
        }
    }

    /// What must hold when everything has come to rest.
    func checkAtTheEnd() throws {
        for branch in branches {
            try checkOrder(branch)
            try checkWatermark(branch)
            if keepsRows.contains(branch.id) {
                try checkDifferences(of: branch)
            } else {
                for (table, columns) in OfficeTemplate.columns { try checkRows(of: table, columns, branch) }
            }
        }
    }

    /// After one more batch of each stream there is none left in the branches' lists, whatever acks came before it.
    func checkNotices() throws {
        for branch in branches where try !isStopped(branch) && !keepsRows.contains(branch.id) {
            let notices = try branch.application.numbers("SELECT count(*) FROM trunkline_set_aside_notice")![0]
            guard notices == 0 else {
                throw BrokenPromise(
                    "6. One bad row stops nothing", "\(branch.id) lists \(notices) rows that are not set aside")
            }
        }
    }

    func isQuiet() throws -> Bool { try unrest().isEmpty }

    /// What is not yet done, in words; empty when everything has come to rest.
    func unrest() throws -> String {
        var things: [String] = []
        func note(_ tables: [String], in office: SimulatedOffice) throws {
            for table in tables {
                let rows = try office.application.numbers("SELECT count(*) FROM \(table)")![0]
                if rows > 0 { things.append("\(rows) rows in \(office.id)'s \(table)") }
            }
        }
        for branch in branches {
            let (here, atHead) = (try isStopped(branch), try isStoppedAtHead(branch))
            if here != atHead { things.append("the stream of \(branch.id) is stopped at one end") }
            if here { continue }
            try note(["trunkline_batch", "trunkline_verification_request WHERE number IS NULL"], in: branch)
            if try isCompared(branch) { continue }
            try note(["trunkline_change", "trunkline_outbound WHERE recovery IS NOT NULL"], in: branch)
            if keepsRows.contains(branch.id) { continue }
            // An ack from before the head was restored may have come last: see `checkNotices`.
            if plan.restores != .head { try note(["trunkline_set_aside_notice"], in: branch) }
            let ofStream = "WHERE stream = '\(branch.stream)'"
            // What a branch sent before it was restored may wait for a number that it has not reached again.
            let formed = try branch.application.numbers("SELECT next_number FROM trunkline_outbound")![0]
            let parked = "trunkline_parked_batch \(ofStream) AND number < \(formed)"
            try note(["trunkline_set_aside \(ofStream)", parked], in: head)
        }
        try note(["trunkline_pending_ack"], in: head)
        if !broker.isEmpty { things.append("messages at the broker") }
        return things.joined(separator: ", ")
    }

    private func checkOrder(_ branch: SimulatedOffice) throws {
        let steps = try head.application.rows(
            "SELECT before, after, batch_id FROM watermark_history WHERE stream = '\(branch.stream)' ORDER BY rowid")
        var (watermark, last) = (0, String?.none)
        for step in steps {
            let isNewEpoch = step[0] == "-1"
            guard isNewEpoch ? step[1] == "0" : step[0] == "\(watermark)" && step[1] == "\(watermark + 1)" else {
                throw BrokenPromise(
                    "3. Order",
                    "the watermark of \(branch.stream) went from \(step[0]!) to \(step[1]!), and was \(watermark)")
            }
            if !isNewEpoch, let predecessor = predecessors[step[2]!], predecessor != last {
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "the head took a batch \(step[1]!) of \(branch.id) that does not follow the one it had")
            }
            (watermark, last) = (Int(step[1]!)!, step[2])
        }
    }

    private func checkWatermark(_ branch: SimulatedOffice) throws {
        let sender = try branch.application.numbers("SELECT next_number - 1, acked_watermark FROM trunkline_outbound")!
        let receiver =
            try head.application.numbers("SELECT watermark FROM trunkline_inbound WHERE stream = '\(branch.stream)'")?[
                0] ?? 0
        guard sender == [receiver, receiver] else {
            throw BrokenPromise(
                "10. It converges",
                "\(branch.id) has formed batch \(sender[0]) and counts \(sender[1]) as acked, the head has \(receiver)")
        }
        guard try !isStopped(branch), try !isStoppedAtHead(branch) else {
            throw BrokenPromise(
                "9. A restored database is noticed", "the stream of \(branch.id) is stopped for no reason")
        }
    }

    private func checkRows(of table: String, _ columns: [String], _ branch: SimulatedOffice) throws {
        let columns = columns.joined(separator: ", ")
        let sent = try branch.application.rows("SELECT \(columns) FROM \(table) ORDER BY 1, 2")
        let stored = try head.application.rows(
            "SELECT \(columns) FROM \(table) WHERE branch_id = '\(branch.id)' ORDER BY 1, 2")
        guard sent == stored else {
            throw BrokenPromise(
                "1. Nothing is lost, 2. Nothing is doubled",
                "\(table) has \(sent) at \(branch.id), and \(stored) of it at the head")
        }
    }
}
