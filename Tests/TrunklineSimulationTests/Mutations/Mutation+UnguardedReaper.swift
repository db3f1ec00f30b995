import TrunklineCore

extension Mutation {
    /// The reaper makes batches pending that it saw `sent`, without looking again, and whether an ack is late or not.
    static let unguardedReaper = Mutation(
        name: "reaper without the state guard",
        store: { store, office, life in
            office.id == .head ? store : UnguardedStore(store, at: office, life: life)
        })
}

private final class UnguardedStore: ForwardingStore, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let office: SimulatedOffice
    private let life: Life

    init(_ base: any OfficeStore, at office: SimulatedOffice, life: Life) {
        self.office = office
        self.life = life
        super.init(base)
    }

    override func awaitsAck(of stream: StreamID, for age: Duration) async throws(StoreError) -> Bool { true }

    override func resetStale(
        of stream: StreamID, policy: StalePolicy, quietFor: Duration
    ) async throws(StoreError) -> Int {
        guard quietFor >= policy.timeout else { return 0 }
        let stale =
            (try? office.application.rows("SELECT number FROM trunkline_batch WHERE state = 'sent'"))?
            .compactMap { $0[0] } ?? []
        guard !stale.isEmpty else { return 0 }
        for statement in ["COMMIT", "BEGIN IMMEDIATE", "UPDATE trunkline_batch without a guard"] {
            await life.beat(statement)
            guard !life.isDead else { return 0 }
        }
        try? office.application.run(
            "UPDATE trunkline_batch SET state = 'pending' WHERE number IN (\(stale.joined(separator: ", ")))")
        return stale.count
    }
}
