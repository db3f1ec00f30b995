internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// Takes one batch, in the caller's immediate transaction.
struct BatchReceiver {
    let batch: InboundBatch
    let db: Database

    private var header: BatchHeader { batch.header }

    func run(parking: Bool) throws -> ReceiveOutcome {
        var watermark = try Inbound.watermark(header.stream, db)
        let past = ReceiverDecision.pastEpochs(header, after: watermark)
        switch ReceiverDecision.decide(header, after: watermark) {
        case .store, .behind:
            if watermark == nil {
                try Inbound.begin(header, past: past, db)
                watermark = try Inbound.watermark(header.stream, db)
            }
        case .adopt, .duplicate, .wait, .stop: break
        }
        switch ReceiverDecision.decide(header, after: watermark) {
        case .store: return try store()
        case .adopt:
            try Inbound.adopt(header, past: past, db)
            try Inbound.leaveAck(header.stream, whole: true, verification: nil, db)
            return try store()
        case .behind(let acked):
            try Inbound.setBehind(header, acked, db)
            try Inbound.leaveAck(header.stream, whole: true, verification: nil, db)
            return .behind(acked: acked)
        case .duplicate:
            try Inbound.leaveAck(header.stream, whole: true, verification: nil, db)
            return .duplicate
        case .wait(let expected):
            guard parking else { return .gap(expected: expected) }
            try park()
            return .parked
        case .stop(let reason):
            try park()
            try Inbound.stop(header, reason: reason, db)
            try Inbound.leaveAck(header.stream, whole: true, verification: nil, db)
            return .stopped(reason: reason)
        }
    }

    private func park() throws {
        try db.execute(
            sql: """
                INSERT INTO trunkline_parked_batch (stream, number, epoch, id, previous_id, message, parked_at)
                VALUES (?, ?, ?, ?, ?, ?, \(Timestamp.now)) ON CONFLICT DO NOTHING
                """,
            arguments: [
                header.stream.description, header.number, header.epoch.uuidString, header.id.uuidString,
                header.previousID?.uuidString, Data(batch.message),
            ])
    }

    private func store() throws -> ReceiveOutcome {
        let setAside = SetAsideRows(stream: header.stream, db: db)
        var writer = RowWriter(stream: header.stream, db: db)
        var wanted = lines()
        let kept = KeptRows(stream: header.stream, db: db)
        var failures = try kept.exist() ? kept.take(outOf: &wanted) : []
        if header.recovery == .keepBranch { try SupersededRows(stream: header.stream, db: db).keep(wanted) }
        failures += try writer.store(wanted)
        let hadSetAside = try setAside.exist()
        if hadSetAside {
            for index in header.tables.indices { try setAside.supersede(lines(of: index)) }
        }
        for failure in failures { try setAside.keep(failure, number: header.number) }
        if hadSetAside {
            _ = try setAside.retry(table: nil, notTriedFor: .zero, patiently: true, limit: 200)
        }
        if hadSetAside || !failures.isEmpty { try Inbound.listChanged(header.stream, db) }
        var result: VerificationResult?
        if let claim = header.verification {
            let answer = try VerificationAnswer(db: db).answer(claim, header)
            try VerificationRecord.save(answer, db)
            result = answer
        }
        let rows = header.tables.reduce(0) { $0 + $1.rows }
        let deletes = header.tables.reduce(0) { $0 + $1.deletes }
        try Inbound.advance(header, stored: rows + deletes, db)
        try Inbound.leaveAck(header.stream, whole: false, verification: result, db)
        return .stored(rows: rows, deletes: deletes, setAside: failures.count)
    }

    /// Rows in the batch's order, then deletes in the reverse order.
    private func lines() -> [Line] {
        let rows = header.tables.indices.flatMap { index in
            Line.all(in: batch.body[batch.lines[index].rows], of: header.tables[index], isDelete: false)
        }
        let deletes = header.tables.indices.reversed().flatMap { index in
            Line.all(in: batch.body[batch.lines[index].deletes], of: header.tables[index], isDelete: true)
        }
        return rows + deletes
    }

    private func lines(of index: Int) -> [Line] {
        Line.all(in: batch.body[batch.lines[index].rows], of: header.tables[index], isDelete: false)
            + Line.all(in: batch.body[batch.lines[index].deletes], of: header.tables[index], isDelete: true)
    }
}
