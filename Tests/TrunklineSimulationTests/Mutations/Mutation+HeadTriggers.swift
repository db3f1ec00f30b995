import TrunklineCore

extension Mutation {
    /// A row that changes its route is logged for the branch that gets it, and not for the one that had it.
    static let routeWithoutTheDelete = Mutation(
        name: "route change without the delete",
        prepare: { office in
            guard office.id == .head else { return }
            try changeTriggers(of: "transfer", ["update"], at: office) { statements, _ in [statements[0]] }
        })

    /// While a table is loaded, no change of its rows is logged, as if the load met every one of them.
    static let loadThatMissesARow = Mutation(
        name: "load that misses a row behind its cursor",
        prepare: { office in
            guard office.id == .head else { return }
            for (table, _) in DownTables.columns {
                try changeTriggers(of: table, ["insert", "update"], at: office) { statements, id in
                    let isLoaded = "EXISTS (SELECT 1 FROM trunkline_load WHERE table_id = \(id))"
                    // The key that was left is logged all the same.
                    return [statements[0].replacing("\nWHERE ", with: "\nWHERE NOT \(isLoaded) AND ")]
                        + statements.dropFirst()
                }
            }
        })

    /// - Parameter change: makes the statements of a trigger into others, knowing the number of the table.
    private static func changeTriggers(
        of table: String, _ events: [String], at office: SimulatedOffice,
        _ change: ([String], _ id: Int64) -> [String]
    ) throws {
        let application = office.application
        let id = try application.numbers("SELECT id FROM trunkline_synced_table WHERE name = '\(table)'")![0]
        for event in events {
            let name = "trunkline_\(id)_\(event)"
            let sql = try application.rows("SELECT sql FROM sqlite_master WHERE name = '\(name)'")[0][0]!
            let body = sql.firstRange(of: "BEGIN\n")!.upperBound
            let statements = sql[body...].split(separator: ";\n").map(String.init).filter { $0 != "END" }
            let changed = change(statements, id).map { "\($0);\n" }.joined()
            try application.run("DROP TRIGGER \(name); \(sql[..<body])\(changed)END")
        }
        try office.acceptSchema()
    }
}
