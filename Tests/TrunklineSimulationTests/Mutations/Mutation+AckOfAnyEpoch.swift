import FoundationEssentials
import TrunklineCore

extension Mutation {
    /// The ack listener takes every ack for one of the epoch that its branch is in.
    static let ackOfAnyEpoch = Mutation(
        name: "ack listener that ignores the epoch",
        store: { store, office, _ in office.id == .head ? store : ForgetfulStore(store, at: office) })
}

private final class ForgetfulStore: ForwardingStore, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let office: SimulatedOffice

    init(_ base: any OfficeStore, at office: SimulatedOffice) {
        self.office = office
        super.init(base)
    }

    override func recordAck(_ ack: Ack) async throws(StoreError) -> AckOutcome {
        var ack = ack
        let epoch = try? office.application.rows("SELECT epoch FROM trunkline_outbound").first?[0]
        ack.epoch = epoch.flatMap(UUID.init(uuidString:)) ?? ack.epoch
        return try await base.recordAck(ack)
    }
}
