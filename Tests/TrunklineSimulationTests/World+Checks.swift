import TrunklineCore

extension World {
    /// What must hold between any two events.
    func checkAtAnyMoment() throws {
        for flow in flows {
            if plan.restores != .none { try checkEpochs(of: flow) }
            let sender = try flow.sender.application.numbers(
                """
                SELECT acked_watermark,
                    (SELECT count(*) FROM trunkline_batch WHERE state = 'sent' AND \(flow.isOfIt)),
                    (SELECT min(number) FROM trunkline_batch
                        WHERE number <= acked_watermark AND state <> 'acked' AND \(flow.isOfIt))
                FROM trunkline_outbound WHERE \(flow.isOfIt)
                """)!
            let watermark = try flow.watermark()
            guard sender[0] <= watermark || plan.restores != .none else {
                throw BrokenPromise(
                    "1. Nothing is lost",
                    "batch \(sender[0]) of \(flow.stream) counts as acked, the receiver has \(watermark)")
            }
            guard sender[2] == 0 else {
                throw BrokenPromise("1. Nothing is lost", "batch \(sender[2]) of \(flow.stream) is acked no more")
            }
            guard sender[1] <= World.window else {
                throw BrokenPromise("7. Bounded", "\(flow.stream) has \(sender[1]) batches in flight")
            }
        }
        if plan.sendsDown { try checkEchoes() }
    }

    /// What must hold when everything has come to rest.
    func checkAtTheEnd() throws {
        if plan.sharesTables { try checkShared() }
        for flow in flows {
            try checkOrder(flow)
            try checkWatermark(flow)
            if keepsRows.contains(flow.stream) {
                try checkDifferences(of: flow)
            } else if flow.isDown {
                try checkDownRows(of: flow.branch)
            } else {
                for (table, columns) in OfficeTemplate.columns { try checkRows(of: table, columns, flow.branch) }
            }
        }
    }

    /// After one more batch of each stream there is none left in the senders' lists, whatever acks came before it.
    func checkNotices() throws {
        for flow in flows where try !flow.isStoppedBySender() && !keepsRows.contains(flow.stream) {
            let notices = try flow.sender.application.numbers(
                "SELECT count(*) FROM trunkline_set_aside_notice WHERE \(flow.isOfIt)")![0]
            guard notices == 0 else {
                throw BrokenPromise(
                    "6. One bad row stops nothing", "\(flow.stream) lists \(notices) rows that are not set aside")
            }
        }
    }

    func isQuiet() throws -> Bool { try unrest().isEmpty }

    /// What is not yet done, in words; empty when everything has come to rest.
    func unrest() throws -> String {
        var things: [String] = []
        func note(_ tables: String..., in office: SimulatedOffice) throws {
            for table in tables {
                let rows = try office.application.numbers("SELECT count(*) FROM \(table)")![0]
                if rows > 0 { things.append("\(rows) rows in \(office.id)'s \(table)") }
            }
        }
        // A stream that stands still needs them.
        var sharedLinesMayStay = false
        for flow in flows {
            let (here, there) = (try flow.isStoppedBySender(), try flow.isStoppedByReceiver())
            if here != there { things.append("the stream \(flow.stream) is stopped at one end") }
            sharedLinesMayStay = try sharedLinesMayStay || flow.isDown && (here || flow.isCompared())
            if here { continue }
            let ofStream = "WHERE \(flow.isOfIt)"
            try note(
                "trunkline_batch \(ofStream)", "trunkline_verification_request \(ofStream) AND number IS NULL",
                in: flow.sender)
            if try flow.isCompared() { continue }
            try note(
                "trunkline_change WHERE destination = '\(flow.stream.destination)'", "trunkline_load \(ofStream)",
                "trunkline_outbound \(ofStream) AND recovery IS NOT NULL", in: flow.sender)
            // The head begins to send a table when it was told that all of it came up.
            try note(
                """
                trunkline_outbound AS o JOIN trunkline_synced_table AS t ON o.\(flow.isOfIt) AND o.destination = 'head'
                AND t.conflict IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each(o.told_joined) AS j
                    WHERE json_extract(j.value, '$.name') = t.name AND json_extract(j.value, '$.turn') = t.join_turn)
                """, in: flow.sender)
            if keepsRows.contains(flow.stream) { continue }
            // An ack from before the receiver was restored may have come last: see `checkNotices`.
            if !mayForget(flow) { try note("trunkline_set_aside_notice \(ofStream)", in: flow.sender) }
            // What was sent before the sender was restored may wait for a number that it has not reached again.
            let formed = try flow.sender.application.numbers(
                "SELECT next_number FROM trunkline_outbound \(ofStream)")![0]
            try note(
                "trunkline_set_aside \(ofStream)", "trunkline_parked_batch \(ofStream) AND number < \(formed)",
                in: flow.receiver)
        }
        for office in Set(flows.map(\.receiver.id)).sorted() {
            let streams = flows.filter { $0.receiver.id == office }.map { "'\($0.stream)'" }.joined(separator: ", ")
            try note(
                "trunkline_pending_ack WHERE stream IN (\(streams))", in: offices.first { $0.id == office }!)
        }
        if plan.sendsDown {
            let known = branches.map { "'\($0.id)'" } + (sharedLinesMayStay ? ["'all'"] : [])
            try note("trunkline_change WHERE destination NOT IN (\(known.joined(separator: ", ")))", in: head)
        }
        if !broker.isEmpty { things.append("messages at the broker") }
        return things.joined(separator: ", ")
    }

    /// Whether its receiver may be put back to an older backup.
    func mayForget(_ flow: Flow) -> Bool { plan.restores == (flow.isDown ? .branch : .head) }

    private func checkOrder(_ flow: Flow) throws {
        let steps = try flow.receiver.application.rows(
            "SELECT before, after, batch_id FROM watermark_history WHERE \(flow.isOfIt) ORDER BY rowid")
        var (watermark, last) = (0, String?.none)
        for step in steps {
            let isNewEpoch = step[0] == "-1"
            guard isNewEpoch ? step[1] == "0" : step[0] == "\(watermark)" && step[1] == "\(watermark + 1)" else {
                throw BrokenPromise(
                    "3. Order",
                    "the watermark of \(flow.stream) went from \(step[0]!) to \(step[1]!), and was \(watermark)")
            }
            if !isNewEpoch, let predecessor = predecessors[step[2]!], predecessor != last {
                throw BrokenPromise(
                    "9. A restored database is noticed",
                    "a batch \(step[1]!) of \(flow.stream) was taken that does not follow the one it had")
            }
            (watermark, last) = (Int(step[1]!)!, step[2])
        }
    }

    private func checkWatermark(_ flow: Flow) throws {
        let sender = try flow.sender.application.numbers(
            "SELECT next_number - 1, acked_watermark FROM trunkline_outbound WHERE \(flow.isOfIt)")!
        let receiver = try flow.watermark()
        guard sender == [receiver, receiver] else {
            throw BrokenPromise(
                "10. It converges",
                "\(flow.stream): batch \(sender[0]) is formed and \(sender[1]) counts as acked, the receiver has \(receiver)"
            )
        }
        guard try !flow.isStoppedBySender(), try !flow.isStoppedByReceiver() else {
            throw BrokenPromise(
                "9. A restored database is noticed", "the stream \(flow.stream) is stopped for no reason")
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
