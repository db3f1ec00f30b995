import FoundationEssentials
public import TrunklineCore

extension PostgresStore {
    public func claimBatch(of stream: StreamID, window: Int, changes: Int) throws(StoreError) -> ClaimedBatch? {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(
                SenderStatements.claim, [stream.description, "\(window)", "\(changes)"])
            return try claimed(result, stream)
        }
    }

    public func splitBatch(_ batch: ClaimedBatch, keeping changes: Int) throws(StoreError) -> ClaimedBatch? {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(
                SenderStatements.shrink,
                [batch.stream.description, "\(batch.number)", "\(batch.attempt)", "\(changes)"])
            return try claimed(result, batch.stream)
        }
    }

    public func releaseBatch(_ batch: ClaimedBatch) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            _ = try connection.query(
                SenderStatements.release, [batch.stream.description, "\(batch.number)", "\(batch.attempt)"])
        }
    }

    /// Committed without waiting for the disk: what a crash may take is for people to read only.
    public func noteSent(_ batch: ClaimedBatch, rows: Int, bytes: Int) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            try connection.script(
                """
                BEGIN; SET LOCAL synchronous_commit = off;
                UPDATE trunkline.batch SET rows = \(rows), bytes = \(bytes)
                    WHERE stream = \(batch.stream.description.literal) AND number = \(batch.number) AND state = 'sent';
                COMMIT
                """, "note sent")
        }
    }

    public func resetStale(of stream: StreamID, policy: StalePolicy, quietFor: Duration) throws(StoreError) -> Int {
        try withConnection { (connection) throws(StoreError) in
            try connection.query(
                SenderStatements.resetStale,
                [
                    stream.description, "\(policy.timeout.inSeconds)", "\(policy.ceiling.inSeconds)",
                    "\(quietFor.inSeconds)",
                ]
            ).affectedRows
        }
    }

    public func prune(_ stream: StreamID) throws(StoreError) -> Int {
        try withConnection { (connection) throws(StoreError) in
            var pruned = 0
            while pruned < 64, try connection.query(SenderStatements.prune, [stream.description]).flag(0, 0) {
                pruned += 1
            }
            return pruned
        }
    }

    public func formIdleBatch(of stream: StreamID, after silence: Duration) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            try connection.query(
                SenderStatements.formIdleBatch, [stream.description, "\(silence.inSeconds)"]
            ).rowCount > 0
        }
    }

    public func recordAck(_ ack: Ack) throws(StoreError) -> AckOutcome {
        try withConnection { (connection) throws(StoreError) in
            try connection.transaction("record ack") { () throws(StoreError) in
                try record(ack, connection)
            }
        }
    }

    private func record(_ ack: Ack, _ connection: PostgresConnection) throws(StoreError) -> AckOutcome {
        let stream = ack.stream.description
        let state = try connection.query(SenderStatements.ackState, [stream, "\(ack.watermark)"])
        guard state.rowCount == 1 else { return .ignored(reason: "this office does not send stream \(stream)") }
        let position = AckDecision.Position(
            epoch: UUID(uuidString: state.text(0, 0))!,
            pastEpochs: Set(try JSONText.decode([UUID].self, state.text(0, 1), "past epochs")),
            lastFormed: Int64(state.integer(0, 2)!), acked: Int64(state.integer(0, 3)!))
        let ownID = state.value(0, 5).flatMap { UUID(uuidString: $0) }
        switch AckDecision.decide(ack, at: position, ownID: ownID) {
        case .record: break
        case .ignore(let reason): return .ignored(reason: reason)
        case .refused(let reason):
            try connection.query(SenderStatements.stop, [stream, reason])
            return .stopped(reason: reason)
        case .halt(let reason):
            try connection.query(SenderStatements.halt, [stream, reason, ack.epoch.uuidString])
            return .stopped(reason: reason)
        case .resend:
            try beginEpoch(ack.stream, .resend, connection)
            return .resending
        }
        let acked = try connection.query(SenderStatements.ackBatches, [stream, "\(ack.watermark)"])
        if ack.setAsideVersion > Int64(state.integer(0, 4)!), let notices = ack.setAside {
            try replaceRefused(stream, notices, connection)
            try connection.query(
                SenderStatements.refusedVersion, [stream, "\(ack.setAsideVersion)", "\(ack.setAsideTotal)"])
        }
        if let result = ack.verification { try keep(result, connection) }
        try connection.query(SenderStatements.askAgain, [stream, "\(ack.watermark)"])
        return .recorded(
            acked: (0..<acked.rowCount).map { row in
                Acknowledgement(
                    number: Int64(acked.integer(row, 0)!), id: UUID(uuidString: acked.text(row, 1))!,
                    rows: acked.integer(row, 2)!, bytes: acked.integer(row, 3)!)
            })
    }

    private func replaceRefused(
        _ stream: String, _ notices: [SetAsideNotice], _ connection: PostgresConnection
    ) throws(StoreError) {
        try connection.query(SenderStatements.forgetRefused, [stream])
        guard !notices.isEmpty else { return }
        var lines: [UInt8] = []
        for notice in notices {
            lines += CopyText.line([stream, notice.table.description, notice.key.description, notice.reason, "f"])
        }
        try connection.copyIn(
            "COPY trunkline.refused_row (stream, table_name, key, reason, at_sender) FROM STDIN", "keep refused rows"
        ) { send in lines.withUnsafeBytes(send) }
    }

    /// Keeps a verification's result, and asks for the second round if it needs one.
    func keep(_ result: VerificationResult, _ connection: PostgresConnection) throws(StoreError) {
        try connection.query(
            SenderStatements.keepResult,
            [result.id.uuidString, result.stream.description, "\(result.round)", JSONText.encode(result)])
        guard result.stream.source.description == (try ownOffice(connection)) else { return }
        if result.needsSecondRound {
            try request(VerificationRequest(secondRoundAfter: result), connection)
        } else {
            try continueRecovery(after: result, connection)
        }
    }

    func ownOffice(_ connection: PostgresConnection) throws(StoreError) -> String? {
        let office = try connection.query(Statements.office)
        return office.rowCount == 1 ? office.text(0, 0) : nil
    }

    func claimed(_ result: PostgresResult, _ stream: StreamID) throws(StoreError) -> ClaimedBatch? {
        guard result.rowCount == 1 else { return nil }
        return ClaimedBatch(
            stream: stream, epoch: UUID(uuidString: result.text(0, 0))!, number: Int64(result.integer(0, 1)!),
            id: UUID(uuidString: result.text(0, 2))!, previousID: result.value(0, 3).flatMap { UUID(uuidString: $0) },
            acked: Int64(result.integer(0, 7)!), setAsideVersion: Int64(result.integer(0, 10)!),
            follows: try JSONText.decode([UUID].self, result.text(0, 8), "past epochs"),
            recovery: result.value(0, 9).flatMap(RecoveryMode.init(rawValue:)), attempt: result.integer(0, 4)!,
            changes: result.integer(0, 5)!,
            verification: try result.value(0, 6).map { (text) throws(StoreError) in
                try JSONText.decode(VerificationClaim.self, text, "verification of a batch")
            })
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
