import FoundationEssentials
public import TrunklineCore

extension PostgresStore {
    public func receive(_ batch: InboundBatch, parking: Bool) throws(StoreError) -> ReceiveOutcome {
        try withConnection { (connection) throws(StoreError) in
            try connection.transaction("receive batch") { () throws(StoreError) in
                try receive(batch, parking, connection)
            }
        }
    }

    private func receive(_ batch: InboundBatch, _ parking: Bool, _ connection: PostgresConnection) throws(StoreError)
        -> ReceiveOutcome
    {
        let header = batch.header
        let stream = header.stream.description
        var inbound = try lockStream(stream, connection)
        let past = ReceiverDecision.pastEpochs(header, after: inbound?.watermark)
        let pastArray = "{\(past.map(\.uuidString).joined(separator: ","))}"
        switch ReceiverDecision.decide(header, after: inbound?.watermark) {
        case .store, .behind:
            if inbound == nil {
                try connection.query(ReceiverStatements.beginStream, [stream, header.epoch.uuidString, pastArray])
                inbound = try lockStream(stream, connection)
            }
        case .adopt, .duplicate, .wait, .stop: break
        }
        switch ReceiverDecision.decide(header, after: inbound?.watermark) {
        case .store:
            return try store(batch, inbound!, connection)
        case .adopt:
            try connection.query(ReceiverStatements.adopt, [stream, header.epoch.uuidString, pastArray])
            try connection.query(ReceiverStatements.ackAgain, [stream])
            return try store(batch, inbound!, connection)
        case .behind(let acked):
            try connection.query(ReceiverStatements.behind, [stream, header.epoch.uuidString, "\(acked)"])
            try connection.query(ReceiverStatements.ackAgain, [stream])
            return .behind(acked: acked)
        case .duplicate:
            try connection.query(ReceiverStatements.ackAgain, [stream])
            return .duplicate
        case .wait(let expected):
            guard parking else { return .gap(expected: expected) }
            try park(batch, connection)
            return .parked
        case .stop(let reason):
            try park(batch, connection)
            try connection.query(
                ReceiverStatements.stop, [stream, reason, header.epoch.uuidString, "\(header.number)"])
            try connection.query(ReceiverStatements.ackAgain, [stream])
            return .stopped(reason: reason)
        }
    }

    private struct InboundRow {
        var watermark: ReceiverDecision.Watermark
        var setAside: Int
        /// Whether there are rows that a recovery kept.
        var hasKeptRows: Bool
    }

    @discardableResult
    private func lockStream(_ stream: String, _ connection: PostgresConnection) throws(StoreError) -> InboundRow? {
        let row = try connection.query(ReceiverStatements.lockStream, [stream])
        guard row.rowCount == 1 else { return nil }
        let watermark = ReceiverDecision.Watermark(
            epoch: UUID(uuidString: row.text(0, 0))!, number: Int64(row.integer(0, 1)!),
            id: row.value(0, 2).flatMap { UUID(uuidString: $0) }, stopped: row.value(0, 3),
            pastEpochs: Set(try JSONText.decode([UUID].self, row.text(0, 5), "past epochs")))
        return InboundRow(watermark: watermark, setAside: row.integer(0, 4)!, hasKeptRows: row.flag(0, 6))
    }

    public func takeHalt(_ halt: Halt) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            _ = try connection.query(
                ReceiverStatements.halt, [halt.stream.description, halt.epoch.uuidString, halt.reason])
        }
    }

    private func park(_ batch: InboundBatch, _ connection: PostgresConnection) throws(StoreError) {
        let header = batch.header
        try connection.query(
            ReceiverStatements.park,
            [
                header.stream.description, header.epoch.uuidString, "\(header.number)", header.id.uuidString,
                Hex.bytea(batch.message),
            ])
    }

    private func store(_ batch: InboundBatch, _ inbound: InboundRow, _ connection: PostgresConnection)
        throws(StoreError) -> ReceiveOutcome
    {
        let header = batch.header
        let stream = header.stream.description
        let setAside = inbound.setAside
        let writer = RowWriter(connection, header.stream)
        let kept = inbound.hasKeptRows ? KeptRows(header.stream, connection) : nil
        let work = try groups(of: batch, kept, connection)
        if header.recovery == .keepBranch { try SupersededRows(header.stream, connection).keep(work.groups) }
        let failures = work.failures + (try writer.store(work.groups))
        if setAside > 0 {
            for index in header.tables.indices {
                let keys = batch.lines(ofTable: index).map(\.key.description)
                try connection.query(
                    ReceiverStatements.supersede,
                    [stream, header.tables[index].name.description, TextArray.encode(keys)])
            }
        }
        for failure in failures { try keep(failure, header, connection) }
        if setAside > 0 {
            _ = try retry(header.stream, nil, older: .zero, patiently: true, limit: 200, connection)
        }
        if setAside > 0 || !failures.isEmpty { try connection.query(ReceiverStatements.countSetAside, [stream]) }
        var result: VerificationResult?
        if let claim = header.verification {
            let answer = try answer(claim, header, connection)
            try keep(answer, connection)
            result = answer
        }
        let rows = header.tables.reduce(0) { $0 + $1.rows }
        let deletes = header.tables.reduce(0) { $0 + $1.deletes }
        try connection.query(
            ReceiverStatements.advance,
            [
                stream, "\(header.number)", header.id.uuidString, "\(rows + deletes)",
                result.map { JSONText.encode($0) }, "\(header.setAsideVersion ?? -1)",
            ])
        try connection.query(ReceiverStatements.unpark, [stream, header.epoch.uuidString, "\(header.number)"])
        return .stored(rows: rows, deletes: deletes, setAside: failures.count)
    }

    /// The batch's lines with the tables that take them, and the lines that no table takes.
    private func groups(
        of batch: InboundBatch, _ kept: KeptRows?, _ connection: PostgresConnection
    ) throws(StoreError) -> (groups: [RowWriter.Group], failures: [RowWriter.Failure]) {
        var rows: [RowWriter.Group] = []
        var deletes: [RowWriter.Group] = []
        var failures: [RowWriter.Failure] = []
        for (index, table) in batch.header.tables.enumerated() {
            let target: Target
            switch try resolve(table, batch.header.stream, connection) {
            case .found(let found): target = found
            case .missing: continue
            case .unfit(let reason):
                failures += batch.lines(ofTable: index).map { RowWriter.Failure(line: $0, reason: reason, code: nil) }
                continue
            }
            let misfits = Dictionary(grouping: table.misfits ?? [], by: \.row)
            if table.rows > 0 {
                var bytes = batch.body[batch.lines[index].rows]
                if !misfits.isEmpty {
                    let lines = bytes.lines(of: table, isDelete: false)
                    failures += misfits.map { row, misfit in
                        RowWriter.Failure(
                            line: lines[row],
                            reason:
                                "column \"\(misfit[0].column)\" holds \(misfit[0].storage == "text" ? "text" : "bytes") that do not fit its type",
                            code: "22000")
                    }
                    bytes =
                        lines.enumerated().filter { misfits[$0.offset] == nil }.reduce(into: [UInt8]()) {
                            $0 += $1.element.text
                        }[...]
                }
                rows.append(.init(table: table, target: target, isDelete: false, bytes: bytes))
            }
            if table.deletes > 0 {
                deletes.append(
                    .init(
                        table: table, target: target, isDelete: true, bytes: batch.body[batch.lines[index].deletes]))
            }
        }
        var groups = rows + deletes.reversed()
        if let kept { failures += try kept.take(outOf: &groups) }
        return (groups, failures)
    }

    /// The target of a table; made now if it is missing and there are rows for it.
    private func resolve(
        _ table: TableHeader, _ stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) -> Target.Lookup {
        let lookup = try Target.find(table.name, columns: table.columns, key: table.key, stream: stream, connection)
        guard case .missing = lookup, table.rows > 0 else { return lookup }
        try Target.create(table, stream: stream, connection)
        return try Target.find(table.name, columns: table.columns, key: table.key, stream: stream, connection)
    }

    private func keep(_ failure: RowWriter.Failure, _ header: BatchHeader, _ connection: PostgresConnection)
        throws(StoreError)
    {
        var table = failure.line.table
        table.misfits = nil
        try connection.query(
            ReceiverStatements.setAside,
            [
                header.stream.description, table.name.description, failure.line.key.description,
                failure.line.isDelete ? "delete" : "row", JSONText.encode(table),
                String(decoding: failure.line.text, as: UTF8.self), failure.reason, failure.code, "\(header.number)",
            ])
    }

    public func retrySetAside(_ selection: SetAsideSelection, limit: Int) throws(StoreError) -> RetryOutcome {
        try withConnection { (connection) throws(StoreError) in
            var total = RetryOutcome(tried: 0, stored: 0)
            let streams = try connection.query(
                ReceiverStatements.streamsWithSetAside, [selection.stream?.description])
            for row in 0..<streams.rowCount {
                guard total.tried < limit, let stream = StreamID(streams.text(row, 0)) else { continue }
                try connection.transaction("retry set-aside rows") { () throws(StoreError) in
                    try lockStream(stream.description, connection)
                    let outcome = try retry(
                        stream, selection.table, older: selection.notTriedFor, patiently: false,
                        limit: limit - total.tried,
                        connection)
                    if outcome.stored > 0 {
                        try connection.query(ReceiverStatements.countSetAside, [stream.description])
                        try connection.query(ReceiverStatements.ackAgain, [stream.description])
                    }
                    total.tried += outcome.tried
                    total.stored += outcome.stored
                }
            }
            return total
        }
    }

    private func retry(
        _ stream: StreamID, _ table: TableName?, older: Duration, patiently: Bool, limit: Int,
        _ connection: PostgresConnection
    ) throws(StoreError) -> RetryOutcome {
        let found = try connection.query(
            ReceiverStatements.retryable,
            [stream.description, table?.description, "\(older.inSeconds)", "\(limit)", patiently ? "t" : "f"])
        var pending: [(id: String, line: RowWriter.Line)] = []
        for row in 0..<found.rowCount {
            let header = try JSONText.decode(TableHeader.self, found.text(row, 1), "set-aside row")
            pending.append(
                (
                    found.text(row, 0),
                    .init(
                        table: header, isDelete: found.text(row, 2) == "delete",
                        text: Array(found.text(row, 3).utf8)[...])
                ))
        }
        let writer = RowWriter(connection, stream)
        var reasons: [String: (String, String?)] = [:]
        var groups: [RowWriter.Group] = []
        // One group a row: rows of one table may differ in their columns, and each must stand alone.
        for entry in pending {
            switch try resolve(entry.line.table, stream, connection) {
            case .found(let target):
                var header = entry.line.table
                header.allNew = false
                groups.append(
                    .init(table: header, target: target, isDelete: entry.line.isDelete, bytes: entry.line.text))
            case .missing: continue
            case .unfit(let reason): reasons[entry.id] = (reason, nil)
            }
        }
        let kept = try KeptRows(stream, connection).take(outOf: &groups)
        let failures = kept + (try writer.store(groups))
        for failure in failures {
            for entry in pending
            where entry.line.text == failure.line.text && entry.line.table.name == failure.line.table.name {
                reasons[entry.id] = (failure.reason, failure.code)
            }
        }
        for entry in pending {
            if let (reason, code) = reasons[entry.id] {
                try connection.query(ReceiverStatements.triedAgain, [entry.id, reason, code])
            } else {
                try connection.query(ReceiverStatements.dropSetAside, [entry.id])
            }
        }
        return RetryOutcome(tried: pending.count, stored: pending.count - reasons.count)
    }

    public func nextParked(of stream: StreamID) throws(StoreError) -> [UInt8]? {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(ReceiverStatements.nextParked, [stream.description])
            return result.rowCount == 1 ? Hex.bytes(result.text(0, 0)) : nil
        }
    }

    public func pendingAcks(limit: Int) throws(StoreError) -> [PendingAck] {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(ReceiverStatements.pendingAcks, ["\(limit)"])
            var acks: [PendingAck] = []
            for row in 0..<result.rowCount {
                guard let stream = StreamID(result.text(row, 0)) else { continue }
                let notices = result.flag(row, 6) ? try notices(stream, connection) : nil
                let stopped = result.value(row, 7).flatMap { reason in
                    result.value(row, 8).flatMap { UUID(uuidString: $0) }.map {
                        StopNotice(epoch: $0, number: Int64(result.integer(row, 9) ?? 0), reason: reason)
                    }
                }
                let verification = try result.value(row, 10).map { (text) throws(StoreError) in
                    try JSONText.decode(VerificationResult.self, text, "verification result")
                }
                acks.append(
                    PendingAck(
                        serial: Int64(result.integer(row, 1)!),
                        ack: Ack(
                            stream: stream, epoch: UUID(uuidString: result.text(row, 2))!,
                            watermark: Int64(result.integer(row, 3)!),
                            batchID: result.value(row, 11).flatMap { UUID(uuidString: $0) },
                            behind: result.value(row, 12).flatMap { UUID(uuidString: $0) }.map {
                                Ack.Behind(epoch: $0, number: Int64(result.integer(row, 13) ?? 0))
                            },
                            setAsideVersion: Int64(result.integer(row, 4)!),
                            setAside: notices, setAsideTotal: result.integer(row, 5)!, stopped: stopped,
                            verification: verification)))
            }
            return acks
        }
    }

    private func notices(_ stream: StreamID, _ connection: PostgresConnection) throws(StoreError) -> [SetAsideNotice] {
        let result = try connection.query(ReceiverStatements.notices, [stream.description, "\(Ack.maximalNotices)"])
        var notices: [SetAsideNotice] = []
        for row in 0..<result.rowCount {
            let header = try JSONText.decode(TableHeader.self, result.text(row, 2), "set-aside row")
            let line = RowWriter.Line(
                table: header, isDelete: result.text(row, 3) == "delete", text: Array(result.text(row, 1).utf8)[...])
            notices.append(SetAsideNotice(table: header.name, key: line.key, reason: result.text(row, 4)))
        }
        return notices
    }

    public func removePendingAck(_ ack: PendingAck) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            _ = try connection.query(
                ReceiverStatements.ackPublished,
                [ack.ack.stream.description, "\(ack.serial)"])
        }
    }
}
