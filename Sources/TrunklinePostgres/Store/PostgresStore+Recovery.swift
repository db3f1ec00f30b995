import FoundationEssentials
public import TrunklineCore

/// Bringing a stream together again after a database was restored from a backup, at the sender.
extension PostgresStore {
    public func pendingHalt(of stream: StreamID) throws(StoreError) -> Halt? {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(SenderStatements.pendingHalt, [stream.description])
            guard result.rowCount == 1, let epoch = UUID(uuidString: result.text(0, 0)) else { return nil }
            return Halt(stream: stream, epoch: epoch, reason: result.text(0, 1))
        }
    }

    public func haltPublished(_ halt: Halt) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            _ = try connection.query(SenderStatements.haltTold, [halt.stream.description])
        }
    }

    public func recovery(of stream: StreamID) throws(StoreError) -> RecoveryState? {
        try withConnection { (connection) throws(StoreError) in try recovery(of: stream, connection)?.state }
    }

    public func beginRecovery(of stream: StreamID, _ mode: RecoveryMode, newKeys: Bool) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            try connection.transaction("begin recovery") { () throws(StoreError) in
                try connection.query(RecoveryStatements.lock, [stream.description])
                let found = try connection.query(RecoveryStatements.state, [stream.description])
                let isStopped = found.rowCount == 1 && found.value(0, 0) != nil
                let current = found.rowCount == 1 ? found.value(0, 1).flatMap(RecoveryMode.init(rawValue:)) : nil
                guard isStopped || current?.sendsChanges == false else {
                    throw StoreError.nothingToRecover(stream)
                }
                if mode == .keepHead { try checkPrivileges(newKeys: newKeys, connection) }
                try beginEpoch(stream, mode, newKeys: newKeys, connection)
            }
        }
    }

    /// To yield to the head's rows takes more than the services have otherwise.
    private func checkPrivileges(newKeys: Bool, _ connection: PostgresConnection) throws(StoreError) {
        for table in try SyncedTable.all(connection) where table.captured {
            let missing = try connection.query(
                RecoveryStatements.missingPrivileges,
                [table.relation, TextArray.encode(table.key), newKeys ? "t" : "f"])
            guard let grants = missing.value(0, 0) else { continue }
            throw StoreError(
                .accessRefused, operation: "recover", subject: "table \"\(table.name)\"",
                reason: "rows of it are to be put aside, and this database's user may not",
                hint: "have its owner run: \(grants)")
        }
    }

    func beginEpoch(
        _ stream: StreamID, _ mode: RecoveryMode, newKeys: Bool = false, _ connection: PostgresConnection
    ) throws(StoreError) {
        try connection.query(RecoveryStatements.hastenPruning, [stream.description])
        while try connection.query(SenderStatements.prune, [stream.description]).flag(0, 0) {}
        try connection.query(RecoveryStatements.renumberChanges)
        try connection.query(RecoveryStatements.beginEpoch, [stream.description, newKeys ? "t" : "f"])
        try set(mode, stream, passes: 0, connection)
    }

    private func set(_ mode: RecoveryMode, _ stream: StreamID, passes: Int, _ connection: PostgresConnection)
        throws(StoreError)
    {
        let wish = VerificationRequest(id: UUID(), stream: stream)
        try connection.query(
            RecoveryStatements.set, [stream.description, mode.rawValue, wish.id.uuidString, "\(passes)"])
        try request(wish, connection)
    }

    func recovery(of stream: StreamID, _ connection: PostgresConnection) throws(StoreError)
        -> (state: RecoveryState, passes: Int, report: RecoveryReport)?
    {
        let found = try connection.query(RecoveryStatements.state, [stream.description])
        guard found.rowCount == 1, let mode = found.value(0, 1).flatMap(RecoveryMode.init(rawValue:)),
            let id = found.value(0, 2).flatMap({ UUID(uuidString: $0) })
        else { return nil }
        return (
            RecoveryState(mode: mode, verification: id, newKeys: found.flag(0, 4)), found.integer(0, 3)!,
            try report(found.value(0, 5))
        )
    }

    private func report(_ text: String?) throws(StoreError) -> RecoveryReport {
        guard let text else { return RecoveryReport() }
        return try JSONText.decode(RecoveryReport.self, text, "report of a recovery")
    }

    private func set(_ report: RecoveryReport, _ stream: StreamID, _ connection: PostgresConnection) throws(StoreError)
    {
        try connection.query(RecoveryStatements.report, [stream.description, JSONText.encode(report)])
    }

    /// The last round of a verification came: if the recovery waited for it, it goes on.
    func continueRecovery(after result: VerificationResult, _ connection: PostgresConnection) throws(StoreError) {
        let stream = result.stream
        guard let (state, passes, report) = try recovery(of: stream, connection), state.verification == result.id
        else { return try noteAgreement(result, connection) }
        let differing = result.tables.filter { !$0.agrees }
        switch RecoveryDecision.decide(state.mode, passes: passes, result: result) {
        case .wait: break
        case .finish:
            try connection.query(RecoveryStatements.set, [stream.description, nil, nil, "0"])
        case .giveUp:
            try connection.query(RecoveryStatements.set, [stream.description, nil, nil, "0"])
            try set(RecoveryReport(tables: report.tables, differing: differing.map(\.name)), stream, connection)
        case .mark(let next, let passes):
            for table in differing { try markDifferent(table, connection) }
            try set(next, stream, passes: passes, connection)
        case .yield(let next):
            let plan = try Yielding(stream, newKeys: state.newKeys, connection).run(differing)
            try set(report.adding(plan.tables), stream, connection)
            try set(plan.hasMoreThanNamed ? .keepHead : next, stream, passes: 0, connection)
        }
    }

    /// What a recovery gave up on is mended when a later verification agrees.
    private func noteAgreement(_ result: VerificationResult, _ connection: PostgresConnection) throws(StoreError) {
        let found = try connection.query(RecoveryStatements.state, [result.stream.description])
        guard result.agrees, found.rowCount == 1, let text = found.value(0, 5) else { return }
        var report = try report(text)
        guard !report.differing.isEmpty else { return }
        report.differing = []
        try set(report, result.stream, connection)
    }

    /// Logs the keys that differ, so that what is here of them travels; all keys when the receiver could not list them.
    private func markDifferent(_ table: TableResult, _ connection: PostgresConnection) throws(StoreError) {
        guard let keys = try LocalRows(table.name, connection) else { return }
        if table.problem != nil || table.isTruncated { try keys.logAll() }
        try keys.log(table.differingKeys.map(\.key))
    }
}
