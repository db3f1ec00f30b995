internal import GRDB
internal import TrunklineCore

/// How far the next batch of a load goes. It is looked for without a lock; whoever forms the batch looks whether the load
/// is still where it was. Rows that come into the interval meanwhile do no harm.
struct LoadStep: Sendable {
    var load: Int64
    var after: String?
    /// Nil: to the interval's end.
    var through: String?
    /// That are for the stream.
    var rows: Int

    /// So many rows of others are passed over at most, so that no look is long.
    private static let looks = 20_000

    /// - Throws: ``ReadingProblem``.
    static func find(_ load: TableLoad, rows limit: Int, of stream: StreamID, _ db: Database) throws -> LoadStep? {
        guard let table = try SyncedTable.all(db).first(where: { $0.id == load.table }),
            let shape = try TableKind.find(table.name.inSQLite, in: db).shape
        else { return nil }
        return try ReadingProblem.isolate(table) { try find(load, table, shape, rows: limit, of: stream, db) }
    }

    private static func find(
        _ load: TableLoad, _ table: SyncedTable, _ shape: TableShape, rows limit: Int, of stream: StreamID,
        _ db: Database
    ) throws -> LoadStep {
        let conditions = load.sweeps ? [] : RowScope(table: table).conditions(for: stream.destination.description)
        let walk = try KeyWalk(shape, after: load.after, through: load.through, conditions: conditions, db)
        defer { walk.end() }
        var step = LoadStep(load: load.id, after: load.after, through: nil, rows: 0)
        var looked = 0
        var last: [SQLiteValue]?
        while let found = try walk.next() {
            // One more row than fits: where there is none, the interval is done with this step.
            if let last, step.rows >= limit || looked >= max(limit, looks) {
                step.through = KeyText.text(of: last)
                return step
            }
            looked += 1
            if found.isWanted { step.rows += 1 }
            last = found.isPlace && (step.rows >= limit || looked >= max(limit, looks)) ? found.key : nil
        }
        return step
    }
}
