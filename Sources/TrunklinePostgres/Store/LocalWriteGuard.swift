internal import TrunklineCore

/// Keeps programs of a branch from writing to a table that the head writes, where its rule says so.
///
/// A trigger looks for a setting that only the receiving transaction has (`SET LOCAL`). It is no protection against an
/// attacker, who could set it too, but it tells everybody else where the table is written.
struct LocalWriteGuard {
    private let connection: PostgresConnection

    init(_ connection: PostgresConnection) { self.connection = connection }

    /// What a transaction of ours begins with that stores what others sent.
    static let applying = "SET LOCAL trunkline.applying = 'on'"

    private static let trigger = "trunkline_guard"

    static let functions = [
        """
        CREATE OR REPLACE FUNCTION trunkline.refuse_local_write() RETURNS trigger
        LANGUAGE plpgsql
        AS $function$
        BEGIN
            IF pg_catalog.current_setting('trunkline.applying', true) IS DISTINCT FROM 'on' THEN
                RAISE EXCEPTION 'table "%" is written by the head office (Trunkline, direction: down)', TG_TABLE_NAME
                    USING ERRCODE = 'insufficient_privilege',
                    HINT = 'Change it at the head, or set local-writes: overwrite for it under tables: and run "trunkline init".';
            END IF;
            IF TG_LEVEL = 'STATEMENT' THEN RETURN NULL; END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        END
        $function$
        """
    ]

    /// Notes what is done about writers of these tables, and sees to the triggers on all tables: those that are not listed
    /// any more lose theirs.
    /// - Parameter patiently: runs a step that needs a lock on a table.
    func follow(
        _ rules: [TableRule],
        _ patiently: (TableName, () throws(StoreError) -> Void) throws(StoreError) -> Void
    ) throws(StoreError) {
        try connection.transaction("init") { () throws(StoreError) in
            try connection.script("DELETE FROM trunkline.accepted_table", "note tables of the head")
            for rule in rules {
                try connection.query(
                    Statements.acceptTable, [rule.target.inDefaultSchema.description, rule.localWrites.rawValue])
            }
        }
        // Those that were made here stay guarded while new ones are accepted.
        let made = try connection.run(
            "SELECT m.name FROM trunkline.made_table m JOIN trunkline.office o ON o.accepts_new", [], "look for guards")
        let kept = (0..<made.rowCount).compactMap { TableName(parsing: made.text($0, 0)) }
            .filter { name in !rules.contains { $0.target.sql == name.sql } }
        let refusing = Set((rules.filter { $0.localWrites == .refuse }.map(\.target) + kept).map(\.sql))
        let found = try connection.run(
            """
            SELECT n.nspname, c.relname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE g.tgname = '\(Self.trigger)' AND g.tgparentid = 0
            """, [], "look for guards")
        for row in 0..<found.rowCount {
            let name = TableName(schema: found.text(row, 0), found.text(row, 1))
            guard !refusing.contains(name.sql) else { continue }
            try patiently(name) { () throws(StoreError) in
                try locked("DROP TRIGGER IF EXISTS \(Self.trigger) ON \(name.sql)")
                try locked("DROP TRIGGER IF EXISTS \(Self.trigger)_truncate ON \(name.sql)")
            }
        }
        for rule in rules where rule.localWrites == .refuse {
            guard let table = try Catalog(connection).table(rule.target) else { continue }
            try patiently(rule.target) { () throws(StoreError) in
                try locked(Self.statements(rule.target.sql, isPartitioned: table.isPartitioned))
            }
        }
    }

    /// Sees that a table has its guard, within a transaction that stores into it. Where that has to wait, another time.
    func heal(_ table: TableName, isPartitioned: Bool) throws(StoreError) {
        let found = try connection.run(
            """
            SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) AND tgname = '\(Self.trigger)'),
                EXISTS (SELECT FROM trunkline.accepted_table WHERE name = $2 AND local_writes = 'overwrite')
            """, [table.sql, table.inDefaultSchema.description], "look for guard")
        guard !found.flag(0, 0), !found.flag(0, 1) else { return }
        try connection.script("SAVEPOINT guard", "create guard")
        do throws(StoreError) {
            try connection.script(Self.statements(table.sql, isPartitioned: isPartitioned), "create guard")
            try connection.script("RELEASE guard", "create guard")
        } catch {
            guard connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO guard; RELEASE guard", "create guard")
        }
    }

    /// Guards a table that was made just now, in the transaction that made it.
    func guardMade(_ table: TableName) throws(StoreError) {
        let rule = try connection.query(Statements.localWrites, [table.inDefaultSchema.description])
        let isRefusing = rule.rowCount == 0 || rule.text(0, 0) == TableRule.LocalWrites.refuse.rawValue
        if isRefusing { try connection.script(Self.statements(table.sql, isPartitioned: false), "create guard") }
    }

    /// A partitioned table's trigger is one of each partition too.
    private static func statements(_ relation: String, isPartitioned: Bool) -> String {
        let level = isPartitioned ? "ROW" : "STATEMENT"
        return """
            CREATE OR REPLACE TRIGGER \(trigger) BEFORE INSERT OR UPDATE OR DELETE ON \(relation) FOR EACH \(level)
                EXECUTE FUNCTION trunkline.refuse_local_write();
            CREATE OR REPLACE TRIGGER \(trigger)_truncate BEFORE TRUNCATE ON \(relation) FOR EACH STATEMENT
                EXECUTE FUNCTION trunkline.refuse_local_write()
            """
    }

    private func locked(_ sql: String) throws(StoreError) {
        try connection.transaction("guard table") { () throws(StoreError) in
            try connection.script("SET LOCAL lock_timeout = '2s'", "guard table")
            try connection.script(sql, "guard table")
        }
    }
}
