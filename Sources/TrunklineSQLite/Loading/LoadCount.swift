internal import GRDB
internal import TrunklineCore

/// How many rows a table's loads have that began and were not counted yet.
struct LoadCount: Sendable {
    var table: SyncedTable
    /// By destination.
    var rows: [String: Int]
    /// Where the loads go to that were not counted.
    var destinations: [String]

    static func all(_ db: Database) throws -> [LoadCount] {
        try SyncedTable.all(db).compactMap { table in
            guard table.isReadable, try TableKind.find(table.name.inSQLite, in: db).shape != nil else {
                return nil
            }
            let destinations = try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT o.destination FROM trunkline_load AS l JOIN trunkline_outbound AS o USING (stream)
                    WHERE l.table_id = ? AND l.rows_left IS NULL ORDER BY 1
                    """, arguments: [table.id])
            guard !destinations.isEmpty else { return nil }
            guard let rows = try? ReadingProblem.isolate(table, { try RowScope(table: table).count(db) }) else {
                return nil
            }
            return LoadCount(table: table, rows: rows, destinations: destinations)
        }
    }

    var total: Int { rows[OfficeID.all.description] ?? destinations.reduce(0) { $0 + (rows[$1] ?? 0) } }

    /// A load that went on meanwhile has fewer; it need not be exact.
    func save(_ db: Database) throws {
        for destination in destinations {
            try db.execute(
                sql: """
                    UPDATE trunkline_load SET rows_left = ?1 WHERE table_id = ?2 AND rows_left IS NULL
                        AND stream IN (SELECT stream FROM trunkline_outbound WHERE destination = ?3)
                    """,
                arguments: [rows[OfficeID.all.description] ?? rows[destination] ?? 0, table.id, destination])
        }
    }
}
