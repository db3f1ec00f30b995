import TrunklineCore

extension Mutation {
    /// Every third change becomes visible under a number that the cursor has passed, as it happens to a cursor
    /// (`seq >`) over a database whose transactions overlap. SQLite has one writer at a time and numbers its changes
    /// in the order of commits, so the overlap is put into the change log by a trigger.
    static let cursorWithOverlap = Mutation(
        name: "cursor instead of snapshots",
        prepare: { office in
            guard office.id != .head else { return }
            try office.application.run(
                """
                CREATE TRIGGER overlap AFTER INSERT ON trunkline_change WHEN NEW.seq % 3 = 0 BEGIN
                    UPDATE OR IGNORE trunkline_change SET seq = (SELECT cursor FROM trunkline_outbound)
                    WHERE seq = NEW.seq AND (SELECT cursor FROM trunkline_outbound) > 0;
                END;
                """)
            try office.acceptSchema()
        })
}
