import TrunklineCore

extension World {
    /// What must hold between any two events.
    func checkAtAnyMoment() throws {
        for branch in branches {
            let sender = try branch.application.numbers(
                """
                SELECT acked_watermark, (SELECT count(*) FROM trunkline_batch WHERE state = 'sent'),
                    (SELECT min(number) FROM trunkline_batch WHERE number <= acked_watermark AND state <> 'acked')
                FROM trunkline_outbound
                """)!
            let watermark =
                try head.application.numbers(
                    "SELECT watermark FROM trunkline_inbound WHERE stream = '\(branch.stream)'")?[0] ?? 0
            guard sender[0] <= watermark else {
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
            for table in OfficeTemplate.tables { try checkRows(of: table, branch) }
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
            try note(["trunkline_change", "trunkline_batch", "trunkline_set_aside_notice"], in: branch)
        }
        try note(["trunkline_pending_ack", "trunkline_set_aside", "trunkline_parked_batch"], in: head)
        if !broker.isEmpty { things.append("messages at the broker") }
        return things.joined(separator: ", ")
    }

    private func checkOrder(_ branch: SimulatedOffice) throws {
        let steps = try head.application.rows(
            "SELECT before, after FROM watermark_history WHERE stream = '\(branch.stream)' ORDER BY rowid")
        for (index, step) in steps.enumerated() where step != ["\(index)", "\(index + 1)"] {
            throw BrokenPromise(
                "3. Order",
                "the watermark of \(branch.stream) went from \(step[0]!) to \(step[1]!) at step \(index + 1)")
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
        for (office, table) in [(branch, "trunkline_outbound"), (head, "trunkline_inbound")] {
            let stopped = try office.application.rows("SELECT stopped FROM \(table) WHERE stopped IS NOT NULL")
            if let reason = stopped.first?[0] {
                throw BrokenPromise("9. A restored database is noticed", "a stream is stopped for no reason: \(reason)")
            }
        }
    }

    private func checkRows(of table: String, _ branch: SimulatedOffice) throws {
        let columns = ["customer": "id, name", "sale": "id, customer, quantity", "line": "sale, number, text"][table]!
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
