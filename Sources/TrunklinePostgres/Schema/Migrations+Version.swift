internal import TrunklineCore

extension Migrations {
    /// - Returns: how many steps this database has; nil: there is no bookkeeping, or it may not be looked at.
    static func done(_ connection: PostgresConnection) throws(StoreError) -> Int? {
        let found = try connection.run(
            """
            SELECT has_table_privilege(c.oid, 'SELECT') FROM pg_class c WHERE c.oid = to_regclass('trunkline.migration')
            """, [], "look for the bookkeeping")
        guard found.rowCount == 1, found.flag(0, 0) else { return nil }
        return try connection.run("SELECT max(step) FROM trunkline.migration", [], "look for the bookkeeping")
            .integer(0, 0)
    }

    /// The error for a bookkeeping of another version of the program.
    static func unfit(_ done: Int) -> StoreError {
        StoreError(
            .notInitialised, operation: "use the bookkeeping", subject: "schema trunkline",
            reason: "it is of version \(done), this program needs version \(steps.count)",
            hint: done > steps.count ? "update this program" : "run: trunkline init")
    }
}
