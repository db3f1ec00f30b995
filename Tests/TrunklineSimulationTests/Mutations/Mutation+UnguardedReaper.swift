import TrunklineCore

extension Mutation {
    /// The reaper makes batches pending that it saw `sent` at its last look, without looking again, and whether an ack is
    /// late or not.
    static let unguardedReaper = Mutation(
        name: "reaper without the state guard",
        store: { store, office, life in UnguardedStore(store, at: office, life: life) })
}

private final class UnguardedStore: ForwardingStore, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let office: SimulatedOffice
    private let life: Life
    /// What was `sent` at the last look.
    private var seen: [StreamID: [String]] = [:]

    init(_ base: any OfficeStore, at office: SimulatedOffice, life: Life) {
        self.office = office
        self.life = life
        super.init(base)
    }

    override func streamsToReap(olderThan age: Duration) async throws(StoreError) -> [ReapableStream] {
        try await base.outboundStreams().map { ReapableStream(stream: $0, canPrune: true, awaitsAck: true) }
    }

    override func resetStale(
        of stream: StreamID, policy: StalePolicy, quietFor: Duration
    ) async throws(StoreError) -> Int {
        guard quietFor >= policy.timeout else { return 0 }
        let stale = seen[stream] ?? []
        seen[stream] =
            (try? office.application.rows(
                "SELECT number FROM trunkline_batch WHERE state = 'sent' AND stream = '\(stream)'"))?
            .compactMap { $0[0] } ?? []
        for number in stale {
            await life.beat("UPDATE trunkline_batch without a guard")
            guard !life.isDead else { return 0 }
            try? office.application.run(
                "UPDATE trunkline_batch SET state = 'pending' WHERE stream = '\(stream)' AND number = \(number)")
        }
        return stale.count
    }
}
