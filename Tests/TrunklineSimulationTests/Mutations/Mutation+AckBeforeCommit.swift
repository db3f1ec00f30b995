import FoundationEssentials
import TrunklineCore

extension Mutation {
    /// The head owes an ack for a batch before the batch is committed.
    static let ackBeforeCommit = Mutation(
        name: "ack before commit",
        store: { store, office, life in
            office.id == .head ? EarlyAckStore(store, at: office, life: life) : store
        },
        prepare: { office in
            guard office.id == .head else { return }
            try office.application.run(
                "CREATE TABLE early_ack (stream TEXT PRIMARY KEY, epoch TEXT NOT NULL, watermark INTEGER NOT NULL)")
        }, tables: ["early_ack"])
}

/// Leaves the ack in a transaction of its own, which comes first.
private final class EarlyAckStore: ForwardingStore, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let office: SimulatedOffice
    private let life: Life
    private static let serial: Int64 = -1

    init(_ base: any OfficeStore, at office: SimulatedOffice, life: Life) {
        self.office = office
        self.life = life
        super.init(base)
    }

    override func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome {
        let header = batch.header
        let watermark =
            (try? office.application.numbers(
                "SELECT watermark FROM trunkline_inbound WHERE stream = '\(header.stream)'"))?.first ?? 0
        if header.number == watermark + 1 {
            try? office.application.run(
                "REPLACE INTO early_ack VALUES ('\(header.stream)', '\(header.epoch)', \(header.number))")
        }
        return try await base.receive(batch, parking: parking)
    }

    override func pendingAcks(limit: Int) async throws(StoreError) -> [PendingAck] {
        let acks = try await base.pendingAcks(limit: limit)
        let early = (try? office.application.rows("SELECT stream, epoch, watermark FROM early_ack")) ?? []
        return acks
            + early.map { row in
                PendingAck(
                    serial: EarlyAckStore.serial,
                    ack: Ack(
                        stream: StreamID(row[0]!)!, epoch: UUID(uuidString: row[1]!)!, watermark: Int64(row[2]!)!,
                        setAsideVersion: 0, setAside: nil, setAsideTotal: 0))
            }
    }

    override func removePendingAck(_ ack: PendingAck) async throws(StoreError) {
        guard ack.serial == EarlyAckStore.serial else { return try await base.removePendingAck(ack) }
        try? office.application.run("DELETE FROM early_ack WHERE watermark = \(ack.ack.watermark)")
    }
}
