import FoundationEssentials
import TrunklineCore

/// The books of a sender, within the transaction that its maker began on this connection.
struct PostgresSending: SenderBooks {
    private let connection: PostgresConnection
    let ownTables: any RowSink

    init(_ connection: PostgresConnection) {
        self.connection = connection
        ownTables = PostgresReceiving(connection, isReturning: true)
    }

    func lockOutbound(_ stream: StreamID) throws(StoreError) -> OutboundStream? {
        let row = try connection.query(SenderStatements.ackState, [stream.description])
        guard row.rowCount == 1 else { return nil }
        return OutboundStream(
            position: AckDecision.Position(
                epoch: UUID(uuidString: row.text(0, 0))!,
                pastEpochs: Set(try JSONText.decode([UUID].self, row.text(0, 1), "past epochs")),
                lastFormed: Int64(row.integer(0, 2)!), acked: Int64(row.integer(0, 3)!), isFreshlyResent: row.flag(0, 9)
            ),
            setAsideVersion: Int64(row.integer(0, 4)!), setAsideTotal: row.integer(0, 5)!,
            receiverKeepsShapes: row.flag(0, 6),
            differences: try JSONText.decode([TableDifference].self, row.text(0, 7), "differences"),
            headerVersion: row.integer(0, 8)!)
    }

    func ownBatchID(_ number: Int64, of stream: StreamID) throws(StoreError) -> UUID? {
        let row = try connection.query(SenderStatements.batchID, [stream.description, "\(number)"])
        return row.rowCount == 1 ? row.value(0, 0).flatMap { UUID(uuidString: $0) } : nil
    }

    func acknowledge(_ stream: StreamID, through watermark: Int64, held: String?) throws(StoreError)
        -> [Acknowledgement]
    {
        let acked = try connection.query(
            SenderStatements.ackBatches, [stream.description, "\(watermark)", held.map { connection.portable($0) }])
        return (0..<acked.rowCount).map { row in
            Acknowledgement(
                number: Int64(acked.integer(row, 0)!), id: UUID(uuidString: acked.text(row, 1))!,
                rows: acked.integer(row, 2)!, bytes: acked.integer(row, 3)!)
        }
    }

    func stopOutbound(_ stream: StreamID, reason: String, receiverEpoch: UUID, isOwn: Bool) throws(StoreError) {
        try connection.query(
            isOwn ? SenderStatements.halt : SenderStatements.stop,
            [stream.description, connection.portable(reason), receiverEpoch.uuidString])
    }

    func replaceNotices(_ notices: [SetAsideNotice], of stream: StreamID) throws(StoreError) {
        try connection.query(SenderStatements.forgetRefused, [stream.description] + columns(notices, []).prefix(2))
        try changeNotices(notices, gone: [], of: stream)
    }

    func changeNotices(_ notices: [SetAsideNotice], gone: [SetAsideKey], of stream: StreamID) throws(StoreError) {
        guard !notices.isEmpty || !gone.isEmpty else { return }
        try connection.query(SenderStatements.changeRefused, [stream.description] + columns(notices, gone))
    }

    /// Tables, keys and reasons, as arrays.
    private func columns(_ notices: [SetAsideNotice], _ gone: [SetAsideKey]) -> [String] {
        let columns: [[String?]] = [
            notices.map { connection.portable($0.table.description) }
                + gone.map { connection.portable($0.table.description) },
            notices.map { connection.portable($0.key.description) }
                + gone.map { connection.portable($0.key.description) },
            notices.map { connection.portable($0.reason) } + gone.map { _ in nil },
        ]
        return columns.map(TextArray.encode)
    }

    func sentTables() throws(StoreError) -> Set<TableName> {
        Set(try SyncedTable.all(connection).filter(\.captured).map(\.name))
    }

    func sharedTables() throws(StoreError) -> Set<TableName> { Set(try SyncedTable.shared(connection).map(\.name)) }

    func reload(_ table: TableName, of stream: StreamID) throws(StoreError) {
        try LocalRows(table, for: stream, connection)?.loadAll()
    }

    func tables(noticedBy entry: RowKey, _ stream: StreamID) throws(StoreError) -> Set<TableName> {
        let found = try connection.query(SenderStatements.noticedTables(entry), [stream.description])
        return Set(
            (0..<found.rowCount).compactMap { TableName(parsing: connection.unportable(found.text($0, 0))) })
    }

    func noticeSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        let size = try connection.query(SenderStatements.noticeSize, [stream.description])
        return (size.integer(0, 0) ?? 0, size.integer(0, 1) ?? 0)
    }

    func noteSetAsideList(_ stream: StreamID, version: Int64, total: Int) throws(StoreError) {
        try connection.query(SenderStatements.refusedVersion, [stream.description, "\(version)", "\(total)"])
    }

    func note(_ differences: [TableDifference], headerVersion: Int, of stream: StreamID) throws(StoreError) {
        try connection.query(
            SenderStatements.noteDifferences,
            [stream.description, JSONText.encode(differences).asciiEscaped, "\(headerVersion)"])
    }

    func noteShapes(kept: Bool, of stream: StreamID) throws(StoreError) {
        try connection.query(SenderStatements.noteShapes, [stream.description, kept ? "t" : "f"])
    }

    func keepResult(_ result: VerificationResult) throws(StoreError) {
        try VerificationRecord(connection).keep(result)
    }

    func request(_ wish: VerificationRequest) throws(StoreError) {
        try connection.query(
            SenderStatements.request,
            [wish.id.uuidString, "\(wish.round)", wish.stream.description, JSONText.encode(wish).asciiEscaped])
    }

    func askAgain(_ stream: StreamID, answeredThrough watermark: Int64) throws(StoreError) {
        try connection.query(SenderStatements.askAgain, [stream.description, "\(watermark)"])
    }
}

extension PostgresSending {
    func outboundRecovery(_ stream: StreamID) throws(StoreError) -> OutboundRecovery {
        let found = try connection.query(RecoveryStatements.state, [stream.description])
        guard found.rowCount == 1 else {
            return OutboundRecovery(state: nil, passes: 0, report: RecoveryReport(), isStopped: false)
        }
        var state: RecoveryState?
        if let mode = found.value(0, 1).flatMap(RecoveryMode.init(rawValue:)),
            let id = found.value(0, 2).flatMap({ UUID(uuidString: $0) })
        {
            let returns = try found.value(0, 6).map { (text) throws(StoreError) in
                try JSONText.decode(ReturnsState.self, text, "state of a recovery")
            }
            state = RecoveryState(mode: mode, verification: id, newKeys: found.flag(0, 4), returns: returns)
        }
        let report = try found.value(0, 5).map { (text) throws(StoreError) in
            try JSONText.decode(RecoveryReport.self, text, "report of a recovery")
        }
        return OutboundRecovery(
            state: state, passes: found.integer(0, 3)!, report: report ?? RecoveryReport(),
            isStopped: found.value(0, 0) != nil)
    }

    /// To yield to the head's rows takes more than the services have otherwise.
    func checkYielding(newKeys: Bool, returns: Bool) throws(StoreError) {
        for table in try SyncedTable.all(connection) where table.captured {
            let missing = try connection.query(
                RecoveryStatements.missingPrivileges,
                [table.relation, TextArray.encode(table.key), newKeys ? "t" : "f", returns ? "t" : "f"])
            guard let grants = missing.value(0, 0) else { continue }
            throw StoreError(
                .accessRefused, operation: "recover", subject: "table \"\(table.name)\"",
                reason: "rows of it are to be put aside, and this database's user may not",
                hint: "have its owner run: \(grants)")
        }
    }

    func beginEpoch(_ stream: StreamID, newKeys: Bool) throws(StoreError) {
        try connection.query(RecoveryStatements.hastenPruning, [stream.description])
        while try connection.query(SenderStatements.prune, [stream.description]).flag(0, 0) {}
        try connection.query(RecoveryStatements.holdWaves)
        try connection.query(RecoveryStatements.reopenWaves)
        try connection.query(RecoveryStatements.renumberChanges)
        try connection.query(RecoveryStatements.beginEpoch, [stream.description, newKeys ? "t" : "f"])
        if stream.destination == .head { try SyncedTable.joinAnew(stream, connection) }
    }

    func setRecovery(_ recovery: RecoveryState?, passes: Int, of stream: StreamID) throws(StoreError) {
        try connection.query(
            RecoveryStatements.set,
            [
                stream.description, recovery?.mode.rawValue, recovery?.verification.uuidString, "\(passes)",
                recovery?.returns.map { JSONText.encode($0).asciiEscaped },
            ])
    }

    func noteResent(_ stream: StreamID) throws(StoreError) {
        try connection.query(RecoveryStatements.resent, [stream.description])
    }

    func setReport(_ report: RecoveryReport, of stream: StreamID) throws(StoreError) {
        try connection.query(RecoveryStatements.report, [stream.description, JSONText.encode(report).asciiEscaped])
    }

    func logDifferent(_ table: TableResult, of stream: StreamID) throws(StoreError) {
        guard let keys = try LocalRows(table.name, for: stream, connection) else { return }
        if table.problem != nil || table.isTruncated { try keys.loadAll() }
        try keys.log(table.differingKeys.map(\.key))
    }

    func yield(to differing: [TableResult], newKeys: Bool, of stream: StreamID) throws(StoreError) -> YieldOutcome {
        YieldOutcome(try Yielding(stream, newKeys: newKeys, connection).run(differing))
    }

    func withoutLog<Value>(
        of groups: [LineGroup], _ stream: StreamID, _ body: () throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try connection.script(LocalWriteGuard.applying, "store returned rows")
        let value = try body()
        for group in groups {
            try LocalRows(group.table.name, for: stream, connection)?.forgetOwnChanges(of: Set(group.lines.map(\.key)))
        }
        return value
    }

    func forgetWish(_ id: UUID, of stream: StreamID) throws(StoreError) {
        try connection.query(SenderStatements.forgetRequest, [id.uuidString, stream.description])
    }
}
