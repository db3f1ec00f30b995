import TrunklineCore

extension Mutation {
    /// The head forgets changes that are for all branches when the fastest has them.
    static let pruneBeforeTheSlowest = Mutation(
        name: "prune before the slowest stream",
        store: { store, office, life in
            guard office.id == .head else { return store }
            return HastyStore(
                store, at: office, life: life,
                forgets: """
                    DELETE FROM trunkline_change
                    WHERE destination = 'all' AND seq <= (SELECT max(acked_seq) FROM trunkline_outbound)
                    """)
        })

    /// Of the changes of one key, of which some stream has passed all, only the first stays: a stream that is between the
    /// first and the last never hears of the last.
    static let compactionForgetsASlowerStream = Mutation(
        name: "compaction that forgets a slower stream",
        store: { store, office, life in
            guard office.id == .head else { return store }
            return HastyStore(
                store, at: office, life: life,
                forgets: """
                    DELETE FROM trunkline_change
                    WHERE destination = 'all' AND seq <= (SELECT max(cursor) FROM trunkline_outbound) AND EXISTS (
                        SELECT 1 FROM trunkline_change AS c
                        WHERE c.table_id = trunkline_change.table_id AND c.key = trunkline_change.key
                            AND c.destination = 'all' AND c.seq < trunkline_change.seq)
                    """)
        })
}

/// Forgets lines of the log before its reaper prunes what may go.
private final class HastyStore: ForwardingStore, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let office: SimulatedOffice
    private let life: Life
    private let statement: String

    init(_ base: any OfficeStore, at office: SimulatedOffice, life: Life, forgets statement: String) {
        self.office = office
        self.life = life
        self.statement = statement
        super.init(base)
    }

    override func pruneShared() async throws(StoreError) -> Bool {
        if !office.application.isInTransaction, !life.isDead { try? office.application.run(statement) }
        return try await base.pruneShared()
    }
}
