internal import GRDB
internal import TrunklineCore

/// A row of `trunkline_load`: an interval of a table's key whose rows are still to be batched for a stream.
///
/// Nothing is logged of them: a batch of a load covers a part of the interval, and its rows as they are when it is read.
/// What changes meanwhile is logged besides, by triggers that are there before the load begins; so a row may travel
/// twice, and none is missed, wherever a crash comes in between.
struct TableLoad: Sendable {
    var id: Int64
    var table: Int64
    var after: String?
    var through: String?
    var isNew: Bool
    var sweeps: Bool

    /// Begins a load of the whole table for a stream, or for all of them, through the last key that is there now: what
    /// comes from now on is logged. It takes the place of one that is under way. Of an empty table there is none.
    /// - Parameters:
    ///   - isNew: whether the receivers have none of the rows.
    ///   - sweeps: whether rows that are not for a stream travel as deletes.
    static func begin(
        _ table: SyncedTable, isNew: Bool, sweeps: Bool = false, for stream: StreamID? = nil, _ db: Database
    ) throws {
        let before = try Int64.fetchOne(db, sql: "SELECT max(id) FROM trunkline_load") ?? 0
        try db.execute(
            sql: """
                UPDATE trunkline_synced_table SET has_joined = 0, join_turn =
                    max(join_turn + 1, CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER))
                WHERE id = ? AND conflict IS NOT NULL
                """,
            arguments: [table.id])
        // In a load there are no deletes, and the head may have left out those that it was told of.
        if table.conflict != nil {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_change (table_id, key, op, at, destination)
                    SELECT r.table_id, r.key, 'update', \(Timestamp.now), o.destination
                    FROM trunkline_shared_row AS r JOIN trunkline_outbound AS o
                    WHERE r.table_id = ?1 AND (r.is_dirty OR r.is_deleted) AND o.destination = ?2
                    """, arguments: [table.id, OfficeID.head.description])
        }
        let extent = try TableKind.find(table.name.inSQLite, in: db).shape.map { try KeyWalk.extent($0, db) }
        if extent?.isEmpty != true {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_load (stream, table_id, through_key, is_new, sweeps, at)
                    SELECT stream, ?1, ?2,
                        max(?3, EXISTS (SELECT 1 FROM trunkline_load AS l
                            WHERE l.stream = o.stream AND l.table_id = ?1 AND l.is_new)),
                        max(?4, EXISTS (SELECT 1 FROM trunkline_load AS l
                            WHERE l.stream = o.stream AND l.table_id = ?1 AND l.sweeps)), \(Timestamp.now)
                    FROM trunkline_outbound AS o WHERE ?5 IS NULL OR stream = ?5 ORDER BY stream
                    """, arguments: [table.id, extent?.last, isNew, sweeps, stream?.description])
        }
        try db.execute(
            sql: "DELETE FROM trunkline_load WHERE table_id = ?1 AND id <= ?2 AND (?3 IS NULL OR stream = ?3)",
            arguments: [table.id, before, stream?.description])
    }

    /// Begins loads of these tables, parents before children.
    static func begin(
        _ tables: [SyncedTable], isNew: Bool, sweeps: Bool = false, for stream: StreamID? = nil, _ db: Database
    ) throws {
        var shapes: [TableName: TableShape] = [:]
        for table in tables { shapes[table.name] = try TableKind.find(table.name.inSQLite, in: db).shape }
        let byName = Dictionary(
            tables.map { ($0.name.inSQLite.lowercased(), $0.name) }, uniquingKeysWith: { first, _ in first })
        let parents = shapes.mapValues { shape in
            Set(shape.foreignKeys.compactMap { byName[$0.parent.lowercased()] })
        }
        let order = ForeignKeyOrder.sort(tables.map(\.name), parents: parents)
        for name in order {
            guard let table = tables.first(where: { $0.name == name }) else { continue }
            try begin(table, isNew: isNew, sweeps: sweeps, for: stream, db)
        }
    }

    /// The oldest one of a stream whose table can be read; nil: there is none.
    static func next(of stream: StreamID, _ db: Database) throws -> TableLoad? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT l.* FROM trunkline_load AS l JOIN trunkline_synced_table AS t ON t.id = l.table_id
                WHERE l.stream = ? AND \(SyncedTable.isReadable("t")) ORDER BY l.id LIMIT 1
                """, arguments: [stream.description]
        ).map(TableLoad.init)
    }

    static func find(_ id: Int64, _ db: Database) throws -> TableLoad? {
        try Row.fetchOne(db, sql: "SELECT * FROM trunkline_load WHERE id = ?", arguments: [id]).map(TableLoad.init)
    }

    private init(_ row: Row) {
        self.init(
            id: row["id"], table: row["table_id"], after: row["after_key"], through: row["through_key"],
            isNew: row["is_new"], sweeps: row["sweeps"])
    }

    init(id: Int64, table: Int64, after: String?, through: String?, isNew: Bool, sweeps: Bool) {
        self.id = id
        self.table = table
        self.after = after
        self.through = through
        self.isNew = isNew
        self.sweeps = sweeps
    }

    /// What remains when the part through that key is batched; nil: to the interval's end, which ends it.
    func advance(through key: String?, rows: Int, _ db: Database) throws {
        guard let key else {
            return try db.execute(sql: "DELETE FROM trunkline_load WHERE id = ?", arguments: [id])
        }
        try db.execute(
            sql: "UPDATE trunkline_load SET after_key = ?, rows_left = max(0, rows_left - ?) WHERE id = ?",
            arguments: [key, rows, id])
    }

    /// Makes an interval that a batch gives up one of a load again. It is put in front of the one that it was cut from,
    /// where that is still there.
    static func putBack(_ piece: LoadPiece, after: String?, rows: Int, _ stream: StreamID, _ db: Database) throws {
        let isSynced = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_synced_table WHERE id = ?)", arguments: [piece.table])!
        guard isSynced else { return }
        if let through = piece.through {
            try db.execute(
                sql: """
                    UPDATE trunkline_load SET after_key = ?1, rows_left = rows_left + ?2
                    WHERE id = (SELECT id FROM trunkline_load WHERE stream = ?3 AND table_id = ?4 AND after_key = ?5
                        AND is_new = ?6 AND sweeps = ?7 LIMIT 1)
                    """,
                arguments: [after, rows, stream.description, piece.table, through, piece.isNew, piece.sweeps])
            guard db.changesCount == 0 else { return }
        }
        try db.execute(
            sql: """
                INSERT INTO trunkline_load (stream, table_id, after_key, through_key, is_new, sweeps, rows_left, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, \(Timestamp.now))
                """,
            arguments: [
                stream.description, piece.table, after, piece.through, piece.isNew, piece.sweeps, rows,
            ])
    }
}
