internal import TrunklineCore

/// The changes of one batch as SQL text; COPY takes no parameters, so the batch's range is in it as literals.
struct ChangeSource {
    /// One synced table's share of a batch.
    struct Part {
        var table: SyncedTable
        /// Distinct keys.
        var keys: Int
        /// Whether each key is there once.
        var isDistinct: Bool
        /// Only inserts and initial load: the receiver should have none of them.
        var allNew: Bool
    }

    /// Whose rows they are, where it is a piece of a load.
    let pieceTable: Int?
    /// Rows `table_id`, `key`, `op`.
    private let changes: String
    /// Of several waves that are read as one, each was compacted by itself; of two destinations too.
    private let isOneWave: Bool

    init(_ batch: ClaimedBatch, _ connection: PostgresConnection) throws(StoreError) {
        let range = try connection.query(SenderStatements.range, [batch.stream.description, "\(batch.number)"])
        guard range.rowCount == 1 else {
            throw StoreError(
                .contention, operation: "read batch", subject: "batch \(batch.number) of \(batch.stream)",
                reason: "it was acked and pruned meanwhile")
        }
        pieceTable = range.integer(0, 8)
        if let table = pieceTable {
            isOneWave = true
            changes = try Self.piece(
                of: table, batch.stream.destination, after: range.value(0, 9), through: range.value(0, 10),
                isNew: range.flag(0, 11), sweeps: range.flag(0, 12), connection)
            return
        }
        let own = batch.stream.destination.description.literal
        let isUpward = batch.stream.destination == .head
        let covered = ChangeRange(
            destinations: isUpward ? [own] : [ChangeRange.everybody.literal, own],
            lower: "'\(range.text(0, 0))'::pg_snapshot", upper: "'\(range.text(0, 1))'::pg_snapshot",
            mayHaveLate: !range.text(0, 0).hasSuffix(":"),
            from: ("'\(range.text(0, 3))'::xid8", range.text(0, 4)),
            to: ("'\(range.text(0, 5))'::xid8", range.text(0, 6)))
        let lines = covered.select("table_id, key, op")
        let without = range.text(0, 7)
        changes =
            without == "{}" ? lines : "SELECT * FROM (\(lines)) l WHERE table_id <> ALL (\(without.literal)::integer[])"
        // What every branch gets the same of has no line for this one alone.
        isOneWave = range.flag(0, 2) && (isUpward || batch.sharedContent != nil)
    }

    /// The keys of a piece of a load, as changes.
    private static func piece(
        of table: Int, _ destination: OfficeID, after: String?, through: String?, isNew: Bool, sweeps: Bool,
        _ connection: PostgresConnection
    ) throws(StoreError) -> String {
        let found = try connection.run(
            """
            SELECT k.texts, trunkline.loaded_from($1, $2, $5), trunkline.range_of(k.columns, k.types, $3::text[], $4::text[])
            FROM trunkline.key_of($1) k WHERE k.columns IS NOT NULL
            """, ["\(table)", destination.description, after, through, sweeps ? "t" : "f"], "read load")
        // Its table stands still: the key is told for the table's sake.
        guard found.rowCount == 1 else {
            return "SELECT \(table) AS table_id, '{}'::text[] AS key, 'l'::\"char\" AS op"
        }
        return """
            SELECT \(table) AS table_id, \(found.text(0, 0)) AS key, '\(isNew ? "i" : "r")'::"char" AS op
            FROM \(found.text(0, 1)) t WHERE \(found.text(0, 2))
            """
    }

    func tables(_ connection: PostgresConnection) throws(StoreError) -> [Part] {
        let result = try connection.run(
            """
            SELECT table_id, count(*), bool_and(op = 'i'), bool_and(op IN ('i', 'l')) FROM (\(changes)) c GROUP BY table_id
            """, [], "count changes")
        let synced = try SyncedTable.all(connection)
        var parts: [Part] = []
        for row in 0..<result.rowCount {
            guard let table = synced.first(where: { $0.id == result.integer(row, 0) }) else { continue }
            var part = Part(
                table: table, keys: result.integer(row, 1)!, isDistinct: isOneWave && result.flag(row, 2),
                allNew: result.flag(row, 3))
            if !part.isDistinct {
                part.keys = try connection.run("SELECT count(*) FROM (\(keys(of: part))) k", [], "count keys").integer(
                    0, 0)!
            }
            parts.append(part)
        }
        return parts
    }

    /// The distinct keys of one table. In one wave a key that was only inserted is there once anyway.
    func keys(of part: Part) -> String {
        // The log's collation must not meet one that a column has of its own.
        "SELECT \(part.isDistinct ? "" : "DISTINCT") key COLLATE pg_catalog.\"default\" AS key FROM (\(changes)) w WHERE table_id = \(part.table.id)"
    }
}
