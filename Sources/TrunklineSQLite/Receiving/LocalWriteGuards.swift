internal import GRDB
internal import TrunklineCore

/// The triggers by which a branch's database refuses what its own programs write to tables that the head writes.
///
/// They let pass what the receiving service does: within its transaction, and nowhere else, `trunkline_applying` has a
/// row, which nobody else ever sees.
struct LocalWriteGuards {
    private static let prefix = "trunkline_guard_"
    private let db: Database

    init(_ db: Database) { self.db = db }

    /// Runs `body` as the receiving service, within the transaction at hand.
    static func applying<Value>(_ db: Database, _ body: () throws -> Value) throws -> Value {
        try db.execute(sql: "INSERT OR IGNORE INTO trunkline_applying (one) VALUES (1)")
        let value = try body()
        try db.execute(sql: "DELETE FROM trunkline_applying")
        return value
    }

    /// Makes the triggers of the tables that there are as they must be; those of others go.
    func heal() throws {
        let wanted = try statements()
        let found = try Row.fetchAll(
            db, sql: "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name GLOB '\(Self.prefix)*'"
        ).map { (name: $0["name"] as String, sql: $0["sql"] as String) }
        for trigger in found where wanted[trigger.name] != trigger.sql {
            try db.execute(sql: "DROP TRIGGER \(TableName.quoted(trigger.name))")
        }
        let right = Set(found.filter { wanted[$0.name] == $0.sql }.map(\.name))
        for (name, sql) in wanted.sorted(by: { $0.key < $1.key }) where !right.contains(name) {
            try db.execute(sql: sql)
        }
    }

    /// By the triggers' names.
    private func statements() throws -> [String: String] {
        let office = try Office.read(db, operation: "guard tables")
        guard office.role == .branch else { return [:] }
        let overwritten = Set(office.overwrittenTables.map { FoldedName($0.inSQLite) })
        var statements: [String: String] = [:]
        for table in try AcceptedTables(office, db).names where !overwritten.contains(FoldedName(table.inSQLite)) {
            // As the schema spells it; a view, or what has no key, takes no rows and needs no guard.
            guard let shape = try TableKind.find(table.inSQLite, in: db).shape else { continue }
            let reason =
                "table \"\(table)\" is written by the head office (Trunkline, direction: down); change it there, or set local-writes: overwrite"
            for event in ["INSERT", "UPDATE", "DELETE"] {
                let name = "\(Self.prefix)\(event.lowercased())_\(shape.name)"
                statements[name] = """
                    CREATE TRIGGER \(TableName.quoted(name)) BEFORE \(event) ON \(TableName.quoted(shape.name))
                    WHEN NOT EXISTS (SELECT 1 FROM trunkline_applying) BEGIN
                    SELECT RAISE(ABORT, '\(reason.doubling("'"))');
                    END
                    """
            }
        }
        return statements
    }
}
