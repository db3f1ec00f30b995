import TrunklineCore

extension Mutation {
    /// The head takes every batch for the next one.
    static let watermarkNotChecked = Mutation(
        name: "watermark not checked",
        store: { store, office, _ in office.id == .head ? CredulousStore(store, at: office) : store })
}

/// Makes the watermark fit whatever comes.
private final class CredulousStore: ForwardingStore, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let office: SimulatedOffice

    init(_ base: any OfficeStore, at office: SimulatedOffice) {
        self.office = office
        super.init(base)
    }

    override func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome {
        let header = batch.header
        let previous = header.previousID.map { "'\($0)'" } ?? "NULL"
        try? office.application.run(
            """
            UPDATE trunkline_inbound SET watermark = \(header.number - 1), batch_id = \(previous)
            WHERE stream = '\(header.stream)' AND watermark <> \(header.number - 1)
            """)
        return try await base.receive(batch, parking: parking)
    }
}
