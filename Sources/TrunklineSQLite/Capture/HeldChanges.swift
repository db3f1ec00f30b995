internal import GRDB
internal import TrunklineCore

/// The changes of a table that were in a batch while the table stood still: nothing of them could travel, so they
/// wait here, each for whom it is, and are logged anew when the table is whole again.
enum HeldChanges {
    struct Line: Sendable {
        var table: Int64
        var key: String
        var destination: String
    }

    /// Those whose table does not stand still.
    private static let released = """
        FROM trunkline_held_change AS h JOIN trunkline_synced_table AS t ON t.id = h.table_id WHERE \(SyncedTable.isReadable("t"))
        """

    static func canBeReleased(_ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 \(released))")!
    }

    /// Once more does nothing.
    static func hold(_ lines: [Line], _ db: Database) throws {
        for line in lines {
            try db.execute(
                sql: "INSERT OR IGNORE INTO trunkline_held_change (table_id, key, destination) VALUES (?, ?, ?)",
                arguments: [line.table, line.key, line.destination])
        }
    }

    /// Logs some of them.
    /// - Returns: how many.
    static func release(atMost limit: Int, _ db: Database) throws -> Int {
        let lines = try Row.fetchAll(
            db, sql: "SELECT h.table_id, h.key, h.destination \(released) ORDER BY 1, 2, 3 LIMIT ?", arguments: [limit]
        ).map { Line(table: $0[0], key: $0[1], destination: $0[2]) }
        for line in lines {
            // Of a branch that is gone there is nobody to tell.
            try db.execute(
                sql: """
                    INSERT INTO trunkline_change (table_id, key, op, at, destination)
                    SELECT ?1, ?2, 'update', \(Timestamp.now), ?3
                    WHERE \(LogStatement.isUnlogged("?2", "?1", for: "?3"))
                        AND EXISTS (SELECT 1 FROM trunkline_outbound WHERE ?3 IN (destination, 'all'))
                    """, arguments: [line.table, line.key, line.destination])
            try db.execute(
                sql: "DELETE FROM trunkline_held_change WHERE table_id = ? AND key = ? AND destination = ?",
                arguments: [line.table, line.key, line.destination])
        }
        return lines.count
    }
}
