import TrunklineCore

extension Mutation {
    /// What the till changed is noted by somebody else, after its commit.
    static let captureOutsideTransaction = Mutation(
        name: "capture outside the transaction",
        store: { store, office, life in office.id == .head ? store : LateCaptureStore(store, at: office, life: life) },
        prepare: { office in
            guard office.id != .head else { return }
            let application = office.application
            try application.run("CREATE TABLE late_change (table_id INTEGER, key TEXT, op TEXT, at TEXT)")
            for trigger in try application.rows(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'trunkline_%'")
            {
                let sql = trigger[1]!.replacing("INSERT INTO trunkline_change", with: "INSERT INTO late_change")
                try application.run("DROP TRIGGER \(trigger[0]!); \(sql)")
            }
            try office.acceptSchema()
        }, tables: ["late_change"])
}

/// Moves what was noted into the change log, before each look at it.
private final class LateCaptureStore: ForwardingStore, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let office: SimulatedOffice
    private let life: Life

    init(_ base: any OfficeStore, at office: SimulatedOffice, life: Life) {
        self.office = office
        self.life = life
        super.init(base)
    }

    override func claimBatch(of stream: StreamID, window: Int, changes: Int) async throws(StoreError) -> ClaimedBatch? {
        await capture()
        return try await base.claimBatch(of: stream, window: window, changes: changes)
    }

    private func capture() async {
        let application = office.application
        guard !application.isInTransaction,
            let changes = try? application.rows("SELECT table_id, key, op, at FROM late_change"),
            !changes.isEmpty, (try? application.run("DELETE FROM late_change")) != nil
        else { return }
        await life.beat("INSERT INTO trunkline_change, late")
        guard !life.isDead else { return }
        for change in changes {
            let values = change.map { "'\($0!.replacing("'", with: "''"))'" }.joined(separator: ", ")
            try? application.run("INSERT INTO trunkline_change (table_id, key, op, at) VALUES (\(values))")
        }
    }
}
