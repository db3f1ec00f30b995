import FoundationEssentials
public import TrunklineCore

extension PostgresStore {
    public func claimBatch(of stream: StreamID, window: Int, changes: Int) throws(StoreError) -> ClaimedBatch? {
        try withConnection { (connection) throws(StoreError) in
            try lookAtCapture(connection)
            let result = try connection.query(
                SenderStatements.claim, [stream.description, "\(window)", "\(changes)"])
            return try claimed(result, stream, connection)
        }
    }

    public func splitBatch(_ batch: ClaimedBatch, keeping changes: Int) throws(StoreError) -> ClaimedBatch? {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(
                SenderStatements.split,
                [batch.stream.description, "\(batch.number)", "\(batch.attempt)", "\(changes)"])
            return try claimed(result, batch.stream, connection)
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
                    WHERE stream = \(batch.stream.description.literal) AND number = \(batch.number)
                        AND id = '\(batch.id.uuidString)' AND attempts = \(batch.attempt);
                COMMIT
                """, "note sent")
        }
    }

    public func outboundStreams() throws(StoreError) -> [StreamID] {
        try withConnection { (connection) throws(StoreError) in
            let found = try connection.query(SenderStatements.streams)
            return (0..<found.rowCount).compactMap { StreamID(found.text($0, 0)) }
        }
    }

    public func streamsWithWork(window: Int, silence: Duration?) throws(StoreError) -> [StreamID] {
        try withConnection { (connection) throws(StoreError) in
            try lookAtCapture(connection)
            let found = try connection.query(
                SenderStatements.withWork, ["\(window)", silence.map { "\($0.inSeconds)" }])
            return (0..<found.rowCount).compactMap { StreamID(found.text($0, 0)) }
        }
    }

    public func streamsToReap(olderThan age: Duration) throws(StoreError) -> [ReapableStream] {
        try withConnection { (connection) throws(StoreError) in
            let found = try connection.query(SenderStatements.reapable, ["\(age.inSeconds)"])
            return (0..<found.rowCount).compactMap { row in
                StreamID(found.text(row, 0)).map {
                    ReapableStream(stream: $0, canPrune: found.flag(row, 1), awaitsAck: found.flag(row, 2))
                }
            }
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
            if pruned > 0 { try connection.query(SenderStatements.pruneWaves) }
            return pruned
        }
    }

    public func pruneShared() throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            let pruned = try connection.query(SenderStatements.pruneShared).flag(0, 0)
            let compacted = try connection.query(SenderStatements.compactBehind, ["\(Self.worthCompacting)"]).flag(0, 0)
            let forgotten = try connection.query(SharingStatements.forget).flag(0, 0)
            return pruned || compacted || forgotten
        }
    }

    /// Lines of the log.
    private static let worthCompacting = 20_000

    public func formIdleBatch(of stream: StreamID, after silence: Duration) throws(StoreError) -> Bool {
        try withConnection { (connection) throws(StoreError) in
            try connection.query(
                SenderStatements.formIdleBatch, [stream.description, "\(silence.inSeconds)"]
            ).rowCount > 0
        }
    }

    public func recordAck(_ ack: Ack) throws(StoreError) -> AckOutcome {
        try withConnection { (connection) throws(StoreError) in
            try connection.transaction("record ack", begin: Self.beginning(ack)) { () throws(StoreError) in
                try SenderEngine(PostgresSending(connection)).record(ack)
            }
        }
    }

    /// Rows that come back are stored in one snapshot: what somebody writes under their keys at the same moment makes the
    /// transaction fail, and is put aside when the ack comes again.
    private static func beginning(_ ack: Ack) -> String {
        guard ack.verification?.returned != nil else { return "BEGIN" }
        return
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '1s'; SET LOCAL statement_timeout = '2min'"
    }

    /// What the receiver does not take is read after the claim: an ack that ends that, and begins a load, may have come
    /// while the claim waited for it.
    func claimed(
        _ result: PostgresResult, _ stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) -> ClaimedBatch? {
        guard result.rowCount == 1 else { return nil }
        let untaken = try PostgresSending(connection).tables(noticedBy: .wholeTable, stream)
        let joined =
            try result.value(0, 14).map { (text) throws(StoreError) in
                try JSONText.decode([JoinedTable].self, text, "joined tables")
            } ?? []
        // One that goes again may have come: then nobody looks at what it says besides.
        let isFirst = result.integer(0, 4) == 1
        if isFirst, !joined.isEmpty,
            try joined != JSONText.decode([JoinedTable].self, result.text(0, 15), "joined tables")
        {
            try connection.query(SharingStatements.noteToldJoined, [stream.description, JSONText.encode(joined)])
        }
        return ClaimedBatch(
            stream: stream, epoch: UUID(uuidString: result.text(0, 0))!, number: Int64(result.integer(0, 1)!),
            id: UUID(uuidString: result.text(0, 2))!, previousID: result.value(0, 3).flatMap { UUID(uuidString: $0) },
            acked: Int64(result.integer(0, 7)!), setAsideVersion: Int64(result.integer(0, 10)!),
            follows: try JSONText.decode([UUID].self, result.text(0, 8), "past epochs"),
            recovery: result.value(0, 9).flatMap(RecoveryMode.init(rawValue:)), receiverKeepsShapes: result.flag(0, 11),
            attempt: result.integer(0, 4)!, changes: result.integer(0, 5)!, sharedContent: result.value(0, 12),
            verification: try result.value(0, 6).map { (text) throws(StoreError) in
                try JSONText.decode(VerificationClaim.self, text, "verification of a batch")
            }, clock: result.integer(0, 13).map { Int64($0) }, joined: joined, untaken: untaken)
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
