internal import GRDB
internal import TrunklineCore

/// How a branch's shared tables join the head's: first all that is in them goes up, then all that is at the head comes down.
enum Joins {
    // MARK: At a branch

    /// Whether the head has not seen all of the table that was there when it began to be shared.
    static func isUnseen(_ table: TableName, _ db: Database) throws -> Bool {
        let folded = FoldedName(table.inSQLite)
        guard let own = try SyncedTable.all(db).first(where: { FoldedName($0.name.inSQLite) == folded }) else {
            return false
        }
        return try Bool.fetchOne(db, sql: "SELECT \(isUnseen("?1"))", arguments: [own.id])!
    }

    private static func isLoading(_ table: Int64, _ db: Database) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT \(isLoading("?1"))", arguments: [table])!
    }

    /// Whether the head does not have all of the table that was there when its join began, or takes none of it.
    private static func isLoading(_ table: String) -> String {
        """
        EXISTS (SELECT 1 FROM trunkline_load WHERE table_id = \(table)) \
        OR EXISTS (SELECT 1 FROM trunkline_batch WHERE load_table = \(table) AND state <> 'acked') OR \(isUntaken(table))
        """
    }

    private static func isUntaken(_ table: String) -> String {
        """
        EXISTS (SELECT 1 FROM trunkline_set_aside_notice AS n JOIN trunkline_synced_table AS t ON t.name = n.table_name \
        WHERE t.id = \(table) AND n.key = '[]')
        """
    }

    /// In core SQL: whether the head has not seen all of the table that was there when it began to be shared.
    static func isUnseen(_ table: String) -> String {
        """
        (\(isUntaken(table)) OR (\(isLoading(table))) \
        AND NOT EXISTS (SELECT 1 FROM trunkline_synced_table WHERE id = \(table) AND has_joined))
        """
    }

    /// Those of a branch that have joined.
    static func joined(_ stream: StreamID, _ db: Database) throws -> [JoinedTable] {
        guard stream.destination == .head else { return [] }
        return try SyncedTable.all(db).filter { table in
            try table.conflict != nil && table.incomplete == nil && !isLoading(table.id, db)
        }.map { JoinedTable(name: $0.name, turn: $0.joinTurn) }
    }

    /// What a batch says of them is noted, so that no other one need.
    static func noteTold(_ joined: [JoinedTable], _ stream: StreamID, _ db: Database) throws {
        guard stream.destination == .head else { return }
        try db.execute(
            sql: "UPDATE trunkline_outbound SET told_joined = ? WHERE stream = ?",
            arguments: [try JSONText.encode(joined), stream.description])
        for table in joined {
            try db.execute(
                sql: "UPDATE trunkline_synced_table SET has_joined = 1 WHERE NOT has_joined AND name = ?",
                arguments: [table.name.description])
        }
    }

    /// Whether a table has joined of which no batch says so.
    static func areUntold(_ stream: StreamID, _ db: Database) throws -> Bool {
        guard stream.destination == .head else { return false }
        return try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM (\(untold)) WHERE stream = ?)", arguments: [stream.description])!
    }

    /// The streams of which that is so.
    static let untold = """
        SELECT o.stream FROM trunkline_outbound AS o JOIN trunkline_synced_table AS t
        WHERE o.destination = 'head' AND t.conflict IS NOT NULL AND t.incomplete IS NULL
            AND NOT (\(isLoading("t.id")))
            AND NOT EXISTS (SELECT 1 FROM json_each(o.told_joined) AS j
                WHERE json_extract(j.value, '$.name') = t.name AND json_extract(j.value, '$.turn') = t.join_turn)
        """

    /// Loads the shared tables of a branch again, for a head that may have forgotten what it knew of them. Rows that nobody has
    /// changed since the head has had them are none of those.
    static func beginAnew(_ stream: StreamID, _ db: Database) throws {
        guard stream.destination == .head else { return }
        let shared = try SyncedTable.all(db).filter { $0.conflict != nil }
        guard !shared.isEmpty else { return }
        try TableLoad.begin(shared, isNew: false, for: stream, db)
        for table in shared where table.hasJoined {
            try db.execute(
                sql: "UPDATE trunkline_synced_table SET has_joined = 1 WHERE id = ?", arguments: [table.id])
        }
    }

    // MARK: At the head

    /// Of those that are not shared here nothing is noted: when they are, the branch joins them.
    static func note(_ tables: [JoinedTable], of stream: StreamID, _ db: Database) throws {
        let text = try String.fetchOne(
            db, sql: "SELECT joined FROM trunkline_inbound WHERE stream = ?", arguments: [stream.description])
        let known = Set(try JSONText.decode([JoinedTable].self, text ?? "[]"))
        let new = Set(tables.filter { !known.contains($0) }.map { FoldedName($0.name.inSQLite) })
        guard !new.isEmpty else { return }
        let down = StreamID(from: .head, to: stream.source)
        let all = try sharedTables(db)
        let shared = all.filter { new.contains(FoldedName($0.name.inSQLite)) }
        for isRouted in [false, true] {
            let some = shared.filter { ($0.route != .all) == isRouted }
            try TableLoad.begin(some, isNew: false, sweeps: isRouted, for: down, db)
        }
        try tellDeletes(of: shared, down, db)
        try db.execute(
            sql: "UPDATE trunkline_inbound SET joined = ? WHERE stream = ?",
            arguments: [try JSONText.encode(tables.filter { isOne($0, of: all) }), stream.description])
    }

    private static func sharedTables(_ db: Database) throws -> [SyncedTable] {
        try SyncedTable.all(db).filter { $0.conflict != nil }
    }

    private static func isOne(_ joined: JoinedTable, of tables: [SyncedTable]) -> Bool {
        tables.contains { FoldedName($0.name.inSQLite) == FoldedName(joined.name.inSQLite) }
    }

    /// A table that is to be shared no more is one that no branch has joined, so that it is when it is shared again.
    /// - Returns: warnings.
    static func forgetUnshared(by setup: OfficeSetup, _ db: Database) throws -> [String] {
        guard setup.role == .head else { return [] }
        var warnings: [String] = []
        let shared = Set(setup.captured.filter { $0.conflict != nil }.map { FoldedName($0.name.inSQLite) })
        let engine = ReceiverEngine(SQLiteReceiving(db))
        for row in try Row.fetchAll(db, sql: "SELECT stream, joined FROM trunkline_inbound WHERE joined <> '[]'") {
            let joined = try JSONText.decode([JoinedTable].self, row["joined"])
            let left = joined.filter { shared.contains(FoldedName($0.name.inSQLite)) }
            guard left != joined, let stream = StreamID(row["stream"]) else { continue }
            for table in joined where !left.contains(table) {
                if let warning = try engine.noteUnshared(table.name, by: stream) { warnings.append(warning) }
            }
            try db.execute(
                sql: "UPDATE trunkline_inbound SET joined = ? WHERE stream = ?",
                arguments: [try JSONText.encode(left), stream.description])
        }
        return warnings
    }

    /// A load says what is there. A row that went while its branch was joining is still there, where the line of its delete
    /// was left out.
    private static func tellDeletes(of tables: [SyncedTable], _ down: StreamID, _ db: Database) throws {
        let insert = try db.makeStatement(
            sql: """
                INSERT INTO trunkline_change (table_id, key, op, at, destination)
                SELECT s.table_id, s.key, 'update', \(Timestamp.now), o.destination
                FROM trunkline_shared_row AS s JOIN trunkline_outbound AS o
                WHERE s.table_id = ?1 AND s.is_deleted AND o.stream = ?2 AND NOT EXISTS (
                    SELECT 1 FROM trunkline_change AS c WHERE c.table_id = s.table_id AND c.key = s.key
                        AND c.destination = o.destination AND c.seq > o.cursor)
                """)
        for table in tables { try insert.execute(arguments: [table.id, down.description]) }
    }
}
