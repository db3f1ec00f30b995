import TrunklineCore
import TrunklineTesting

/// The steps of a recovery.
extension Pair {
    func superseded(_ kind: DatabaseKind) -> String {
        kind == .postgres ? "trunkline.superseded_row" : "trunkline_superseded_row"
    }

    /// The branch sends, the head answers with what it has, and the branch stops.
    func stopByAck() async throws {
        while let batch = try await nextBatch() { _ = try await head.receive(batch, parking: false) }
        try await deliverAcks()
    }

    /// Sends until the recovery has ended.
    func finishRecovery() async throws {
        for _ in 0..<40 where try await branch.recovery(of: stream) != nil { try await sync() }
        guard try await branch.recovery(of: stream) == nil else { throw TestFailure("the recovery does not end") }
        try await sync()
    }

    /// The head's ack when a batch arrives once more.
    func ackAgain(_ batch: InboundBatch) async throws -> Ack? {
        _ = try await head.receive(batch, parking: false)
        return try await head.pendingAcks(limit: 10).first?.ack
    }

    /// The head's newest word, as it would be published again.
    func currentAck() async throws -> Ack? {
        let status = try await head.status()[0]
        return status.epoch.map {
            Ack(
                stream: stream, epoch: $0, watermark: status.watermark, setAsideVersion: 0, setAside: nil,
                setAsideTotal: 0)
        }
    }
}
