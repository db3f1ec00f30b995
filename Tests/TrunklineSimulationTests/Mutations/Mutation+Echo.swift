import TrunklineCore

extension Mutation {
    /// A branch captures what its ingestor applies, and sends it back, as if a table had both directions.
    static let echo = Mutation(
        name: "echo that is not suppressed",
        store: { store, office, _ in office.id == .head ? store : EchoingStore(store, at: office) },
        prepare: { office in
            guard office.hasShelf else { return }
            let application = office.application
            let model = try application.numbers("SELECT id FROM trunkline_synced_table WHERE name = 'customer'")![0]
            try application.run(
                """
                INSERT INTO trunkline_synced_table (name, key_columns)
                SELECT 'price', key_columns FROM trunkline_synced_table WHERE name = 'customer'
                """)
            let id = try application.numbers("SELECT id FROM trunkline_synced_table WHERE name = 'price'")![0]
            for event in ["insert", "update", "delete"] {
                let sql = try application.rows(
                    "SELECT sql FROM sqlite_master WHERE name = 'trunkline_\(model)_\(event)'")[0][0]!
                try application.run(
                    sql.replacing("trunkline_\(model)_", with: "trunkline_\(id)_")
                        .replacing("ON \"customer\"", with: "ON \"price\"")
                        .replacing("SELECT \(model),", with: "SELECT \(id),")
                        .replacing("table_id = \(model) ", with: "table_id = \(id) "))
            }
            try office.acceptSchema()
        })
}

/// While a batch is taken the branch has forgotten that it captures the table, so that it takes the rows.
private final class EchoingStore: ForwardingStore, @unchecked Sendable {
    // Sendable: one thread of a world works at a time, and hands over through locks.
    private let office: SimulatedOffice

    init(_ base: any OfficeStore, at office: SimulatedOffice) {
        self.office = office
        super.init(base)
    }

    override func receive(_ batch: InboundBatch, parking: Bool) async throws(StoreError) -> ReceiveOutcome {
        rename("price", to: "prices")
        defer { rename("prices", to: "price") }
        return try await base.receive(batch, parking: parking)
    }

    override func receiveParked(_ batch: InboundBatch) async throws(StoreError) -> ReceiveOutcome {
        rename("price", to: "prices")
        defer { rename("prices", to: "price") }
        return try await base.receiveParked(batch)
    }

    private func rename(_ table: String, to name: String) {
        guard !office.application.isInTransaction else { return }
        try? office.application.run("UPDATE trunkline_synced_table SET name = '\(name)' WHERE name = '\(table)'")
    }
}
