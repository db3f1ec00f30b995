import TrunklineCore

extension World {
    /// Nothing that an office applied is on its way back: its log has only tables of its own.
    func checkEchoes() throws {
        for office in offices {
            let own = (office.id == .head ? DownTables.columns : OfficeTemplate.columns).map(\.key) + SharedTables.names
            let names = own.map { "'\($0)'" }.joined(separator: ", ")
            let lines = try office.application.numbers(
                """
                SELECT count(*) FROM trunkline_change WHERE table_id NOT IN (
                    SELECT id FROM trunkline_synced_table WHERE name IN (\(names)))
                """)![0]
            guard lines == 0 else {
                throw BrokenPromise("2. Nothing is doubled", "\(office.id) logged \(lines) changes that it applied")
            }
        }
    }

    /// A branch has the rows that are for it, each once, and no others.
    func checkDownRows(of branch: SimulatedOffice) throws {
        for (table, columns) in DownTables.columns {
            let wanted = try DownTables.rows(of: table, for: branch.id, at: head)
            let stored =
                try branch.has(table)
                ? branch.application.rows("SELECT \(columns.joined(separator: ", ")) FROM \(table) ORDER BY 1, 2") : []
            guard wanted == stored else {
                throw BrokenPromise(
                    "1. Nothing is lost, 2. Nothing is doubled",
                    "of \(table) \(wanted) is for \(branch.id), which has \(stored)")
            }
        }
    }
}
