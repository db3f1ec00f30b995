internal import GRDB
internal import TrunklineCore

/// The changes of a table that were in a batch while the table stood still: nothing of them could travel, so they
/// wait here, and are logged anew when the table is whole again.
struct HeldChanges {
    private let table: SyncedTable
    private let db: Database

    init(_ table: SyncedTable, _ db: Database) {
        self.table = table
        self.db = db
    }

    func exist() throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_held_change WHERE table_id = ?)",
            arguments: [table.id])!
    }

    /// Once more does nothing.
    static func hold(_ keys: [String], of table: Int64, _ db: Database) throws {
        for key in keys {
            try db.execute(
                sql: "INSERT OR IGNORE INTO trunkline_held_change (table_id, key) VALUES (?, ?)",
                arguments: [table, key])
        }
    }

    /// Logs some of them.
    /// - Returns: how many.
    func release(atMost limit: Int) throws -> Int {
        let keys = try String.fetchAll(
            db, sql: "SELECT key FROM trunkline_held_change WHERE table_id = ? ORDER BY key LIMIT ?",
            arguments: [table.id, limit])
        for key in keys {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_change (table_id, key, op, at)
                    SELECT ?1, ?2, 'update', \(Timestamp.now) WHERE \(CaptureTriggers.isUnlogged("?2", table.id))
                    """, arguments: [table.id, key])
            try db.execute(
                sql: "DELETE FROM trunkline_held_change WHERE table_id = ? AND key = ?", arguments: [table.id, key])
        }
        return keys.count
    }
}
