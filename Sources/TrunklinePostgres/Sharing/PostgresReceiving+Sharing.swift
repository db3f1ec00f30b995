import TrunklineCore

extension PostgresReceiving {
    func wallClock() throws(StoreError) -> Int64 {
        let found = try connection.run(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", [], "look at the clock")
        return Int64(found.integer(0, 0)!)
    }

    func clockTolerance() throws(StoreError) -> Int64 {
        let found = try connection.run("SELECT clock_tolerance FROM trunkline.office", [], "look at the clock")
        return Int64(found.integer(0, 0)!)
    }

    func note(clockAhead: Int64?, _ stream: StreamID) throws(StoreError) {
        try connection.run(
            "UPDATE trunkline.inbound SET clock_ahead = $2 WHERE stream = $1",
            [stream.description, clockAhead.map { "\($0)" }], "note clock")
    }

    func policy(of table: TableName) throws(StoreError) -> ConflictPolicy {
        try SharedTable(table, key: [], connection).policy
    }

    func sharedRows(of keys: [RowKey], _ table: TableHeader, _ branch: OfficeID) throws(StoreError)
        -> [SharedRowState]
    {
        let shared = try SharedTable(table.name, key: table.key, connection)
        let (keyed, parameters) = shared.keyed(keys)
        let found = try connection.run(
            """
            SELECT s.clock, s.office, a.change FROM (\(keyed)) k
            LEFT JOIN trunkline.shared_row s ON s.table_id = \(shared.id) AND s.key = k.key
            LEFT JOIN trunkline.applied_change a
                ON a.table_id = \(shared.id) AND a.key = k.key AND a.office = \(branch.description.literal)
            ORDER BY k.n
            """, parameters, "read versions")
        var states: [SharedRowState] = []
        for row in 0..<found.rowCount {
            states.append(
                SharedRowState(
                    version: Self.version(found, row),
                    applied: try found.value(row, 2).map { (text) throws(StoreError) in
                        try JSONText.decode(AppliedChange.self, text, "change of a branch")
                    }))
        }
        return states
    }

    func localVersions(
        of keys: [RowKey], _ table: TableHeader, locking: Bool
    ) throws(StoreError) -> [LocalVersion?] {
        let shared = try SharedTable(table.name, key: table.key, connection)
        let (keyed, parameters) = shared.keyed(keys)
        let found = try connection.run(
            """
            WITH k AS MATERIALIZED (\(keyed)), s AS (
                SELECT r.* FROM trunkline.shared_row r WHERE r.table_id = \(shared.id) AND r.key IN (SELECT key FROM k)
                \(locking ? "FOR UPDATE SKIP LOCKED" : "")
            )
            SELECT s.clock, s.office, s.is_dirty, s.base_since FROM k LEFT JOIN s ON s.key = k.key ORDER BY k.n
            """, parameters, "read versions")
        return (0..<found.rowCount).map { row in
            Self.version(found, row).map {
                LocalVersion(
                    version: $0, isDirty: found.flag(row, 2), since: found.integer(row, 3).map { Int64($0) })
            }
        }
    }

    /// Locks what is known of the rows.
    /// - Returns: the indices of keys that another session has locked, and keeps so.
    func lockVersions(of keys: [RowKey], _ table: TableHeader) throws(StoreError) -> Set<Int> {
        let shared = try SharedTable(table.name, key: table.key, connection)
        let (keyed, parameters) = shared.keyed(keys)
        let versions = "trunkline.shared_row r WHERE r.table_id = \(shared.id) AND r.key IN (SELECT key FROM k)"
        let operation = "lock versions"
        try connection.script(
            "SAVEPOINT versions; SET LOCAL lock_timeout TO '\(RowWriter.rowPatience)ms'", operation)
        do throws(StoreError) {
            try connection.run(
                "WITH k AS MATERIALIZED (\(keyed)) SELECT FROM \(versions) ORDER BY r.key FOR UPDATE OF r", parameters,
                operation)
            try connection.script(
                "SET LOCAL lock_timeout TO '\(PostgresStore.lockPatience)s'; RELEASE versions", operation)
            return []
        } catch {
            guard error.isOfLock, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO versions; RELEASE versions", operation)
        }
        let found = try connection.run(
            """
            WITH k AS MATERIALIZED (\(keyed)), free AS MATERIALIZED (
                SELECT r.key FROM \(versions) FOR UPDATE OF r SKIP LOCKED
            )
            SELECT k.n FROM k WHERE k.key IN (SELECT r.key FROM \(versions)) AND k.key NOT IN (SELECT key FROM free)
            """, parameters, operation)
        return Set((0..<found.rowCount).map { found.integer($0, 0)! - 1 })
    }

    private static func version(_ found: PostgresResult, _ row: Int) -> RowVersion? {
        guard let clock = found.integer(row, 0), let office = OfficeID(found.text(row, 1)) else { return nil }
        return RowVersion(clock: Int64(clock), office: office)
    }

    func sharedSince(_ table: TableName) throws(StoreError) -> Int64 {
        let shared = try SharedTable(table, key: [], connection)
        let found = try connection.run(
            "SELECT coalesce(shared_since, 0) FROM trunkline.synced_table WHERE id = \(shared.id)", [],
            "look at the table")
        return Int64(found.integer(0, 0)!)
    }

    func isUnseen(_ table: TableName) throws(StoreError) -> Bool {
        let shared = try SharedTable(table, key: [], connection)
        return try connection.run("SELECT trunkline.is_unseen(\(shared.id))", [], "look at the join").flag(0, 0)
    }

    func merging<Value>(_ body: () throws(StoreError) -> Value?) throws(StoreError) -> Value? {
        try connection.script("SAVEPOINT merging; \(VersionSQL.merging)", "merge")
        if let value = try body() {
            try connection.script("\(VersionSQL.mergingNoMore); RELEASE merging", "merge")
            return value
        }
        try connection.script("ROLLBACK TO merging; RELEASE merging", "merge")
        forgetWriters()
        return nil
    }

    func note(_ versions: [NotedVersion], _ table: TableHeader) throws(StoreError) {
        guard !versions.isEmpty else { return }
        let shared = try SharedTable(table.name, key: table.key, connection)
        let known = versions.filter { $0.version != nil }
        let unknown = versions.filter { $0.version == nil && !$0.onlyIfNone }
        if !unknown.isEmpty {
            let (keyed, parameters) = shared.keyed(unknown.map(\.key))
            try connection.run(
                """
                DELETE FROM trunkline.shared_row s USING (\(keyed)) k WHERE s.table_id = \(shared.id) AND s.key = k.key
                """, parameters, "note versions")
        }
        for onlyIfNone in [false, true] {
            try note(known.filter { $0.onlyIfNone == onlyIfNone }, shared, onlyIfNone: onlyIfNone)
        }
    }

    private func note(_ known: [NotedVersion], _ shared: SharedTable, onlyIfNone: Bool) throws(StoreError) {
        guard !known.isEmpty else { return }
        let (keyed, parameters) = shared.keyed(known.map(\.key))
        let next = parameters.count
        let update =
            """
            UPDATE SET clock = EXCLUDED.clock, office = EXCLUDED.office,
                is_deleted = EXCLUDED.is_deleted, noted_at = EXCLUDED.noted_at, is_dirty = false, base_clock = NULL, base_office = NULL,
                base_absent = false, base_image = NULL, base_joining = false, base_since = NULL
            """
        try connection.run(
            """
            INSERT INTO trunkline.shared_row AS s (table_id, key, clock, office, is_deleted)
            SELECT DISTINCT ON (k.key) \(shared.id), k.key, v.clock, v.office,
                coalesce(v.is_deleted, (SELECT e.is_deleted FROM trunkline.shared_row e
                    WHERE e.table_id = \(shared.id) AND e.key = k.key), false) FROM (\(keyed)) k
            JOIN unnest($\(next + 1)::bigint[], $\(next + 2)::text[], $\(next + 3)::boolean[]) WITH ORDINALITY
                AS v (clock, office, is_deleted, n) USING (n) ORDER BY k.key, n DESC
            ON CONFLICT (table_id, key) DO \(onlyIfNone ? "NOTHING" : update)
            """,
            parameters + [
                TextArray.encode(known.map { "\($0.version!.clock)" }),
                TextArray.encode(known.map { $0.version!.office.description }),
                TextArray.encode(known.map { $0.isDelete.map { $0 ? "t" : "f" } }),
            ], "note versions")
    }

    func note(
        _ changes: [(key: RowKey, change: AppliedChange)], _ table: TableHeader, _ branch: OfficeID
    ) throws(StoreError) {
        guard !changes.isEmpty else { return }
        let shared = try SharedTable(table.name, key: table.key, connection)
        let (keyed, parameters) = shared.keyed(changes.map(\.key))
        let next = parameters.count
        let values = changes.map(\.change)
        let told = try shared.hasTriggers(connection) ? values.map { _ in nil } : values.map(\.standing)
        try connection.run(
            """
            INSERT INTO trunkline.applied_change
                (table_id, key, office, clock, since, standing_clock, standing_office, change)
            SELECT DISTINCT ON (k.key) \(shared.id), k.key, \(branch.description.literal), v.clock, v.since, v.standing_clock,
                v.standing_office, v.change FROM (\(keyed)) k
            JOIN unnest($\(next + 1)::bigint[], $\(next + 2)::bigint[], $\(next + 3)::bigint[], $\(next + 4)::text[],
                $\(next + 5)::text[]) WITH ORDINALITY AS v (clock, since, standing_clock, standing_office, change, n) USING (n)
            ORDER BY k.key, n DESC
            ON CONFLICT (table_id, key, office) DO UPDATE SET clock = EXCLUDED.clock, since = EXCLUDED.since,
                standing_clock = EXCLUDED.standing_clock, standing_office = EXCLUDED.standing_office,
                change = EXCLUDED.change
            """,
            parameters + [
                TextArray.encode(values.map { "\($0.clock)" }),
                TextArray.encode(values.map { $0.base.since.map { "\($0)" } }),
                TextArray.encode(told.map { $0.map { "\($0.clock)" } }),
                TextArray.encode(told.map { $0?.office.description }),
                TextArray.encode(values.map { JSONText.encode($0) }),
            ], "note changes")
    }

    func answer(
        _ keys: [RowKey], _ table: TableHeader, _ branch: OfficeID, onlyRouted: Bool
    ) throws(StoreError) {
        guard !keys.isEmpty else { return }
        let shared = try SharedTable(table.name, key: table.key, connection)
        guard shared.isRouted || !onlyRouted else { return }
        let (keyed, parameters) = shared.keyed(keys)
        try connection.run(
            """
            INSERT INTO trunkline.change (destination, transaction, table_id, key, op)
            SELECT \(branch.description.literal), pg_current_xact_id(), \(shared.id), k.key, 'u' FROM (\(keyed)) k
            WHERE EXISTS (SELECT FROM trunkline.outbound WHERE stream = \(StreamID(from: .head, to: branch).description.literal))
            """, parameters, "answer")
    }

    func conflictSize(_ branch: OfficeID) throws(StoreError) -> (rows: Int, bytes: Int) {
        let size = try connection.query(SharingStatements.conflictSize, [branch.description])
        return (size.integer(0, 0)!, size.integer(0, 1)!)
    }

    func keep(_ conflicts: [Conflict]) throws(StoreError) {
        for conflict in conflicts {
            try connection.query(
                SharingStatements.keepConflict,
                [
                    connection.portable(conflict.table.description), connection.portable(conflict.key.description),
                    conflict.branch.description, conflict.kind.rawValue, conflict.outcome.rawValue,
                    JSONText.encode(conflict).asciiEscaped, JSONText.encode(conflict.withoutImages).asciiEscaped,
                ])
        }
    }

    func lockConflict(_ id: Int64) throws(StoreError) -> ConflictRecord? {
        try ConflictRow.records(try connection.query(SharingStatements.lockConflict, ["\(id)"])).first
    }

    func noteResolved(_ id: Int64, _ resolution: String) throws(StoreError) {
        try connection.query(SharingStatements.noteResolved, ["\(id)", connection.portable(resolution)])
    }

    func header(of table: TableName) throws(StoreError) -> TableHeader {
        let policy = try policy(of: table)
        guard let found = try Catalog(connection).table(table) else {
            throw StoreError(.table, operation: "look at table", subject: "table \"\(table)\"", reason: "there is none")
        }
        return TableHeader(
            name: table, key: found.key, columns: found.wireColumns,
            rows: 0, rowBytes: 0, deletes: 0, deleteBytes: 0, allNew: false, conflict: policy.description)
    }

    /// Of those that are not shared here nothing is noted: when they are, the branch joins them.
    func noteJoined(_ tables: [JoinedTable], _ header: BatchHeader) throws(StoreError) {
        let found = try connection.query(SharingStatements.joined, [header.stream.description])
        let known = Set(try JSONText.decode([JoinedTable].self, found.text(0, 0), "joined tables"))
        let new = Set(tables.filter { !known.contains($0) }.map(\.name.inDefaultSchema.sql))
        guard !new.isEmpty else { return }
        let down = StreamID(from: .head, to: header.stream.source)
        let shared = try SyncedTable.shared(connection)
        for table in shared where new.contains(table.relation) {
            try connection.query(
                Statements.beginLoad,
                ["\(table.id)", down.description, "f", table.route == .all ? "f" : "t", "f"])
            try connection.query(SharingStatements.tellDeletes, ["\(table.id)", down.description])
        }
        try connection.query(
            SharingStatements.noteJoined,
            [header.stream.description, JSONText.encode(tables.filter { $0.isAmong(shared) })])
    }

    func joinAnew(_ stream: StreamID) throws(StoreError) {
        try SyncedTable.joinAnew(stream, connection)
    }

    func canKeep(_ key: RowKey) throws(StoreError) -> Bool {
        let texts = key.values.compactMap { $0 }.filter { $0.utf8.contains { $0 >= 0x80 } }
        guard !connection.isUTF8, !texts.isEmpty else { return true }
        try connection.script("SAVEPOINT key", "look at key")
        do throws(StoreError) {
            try connection.run("SELECT $1::text[]", [TextArray.encode(texts)], "look at key")
            try connection.script("RELEASE key", "look at key")
            return true
        } catch {
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO key; RELEASE key", "look at key")
            return false
        }
    }

    func refusedRows(of table: TableName) throws(StoreError) -> [RowKey: String] {
        let found = try connection.query(
            SharingStatements.refusedRows, [connection.portable(table.description)])
        var refused: [RowKey: String] = [:]
        for row in 0..<found.rowCount {
            let key = RowKey(try JSONText.decode([String?].self, found.text(row, 0), "key of a row"))
            refused[key] = found.text(row, 1)
        }
        return refused
    }
}

extension SyncedTable {
    /// Those that both sides write.
    static func shared(_ connection: PostgresConnection) throws(StoreError) -> [SyncedTable] {
        try all(connection).filter { $0.captured && $0.conflict != nil }
    }

    /// Loads the shared tables of a branch again, for a head that may have forgotten what it knew of them. Rows that nobody has
    /// changed since the head has had them are none of those.
    static func joinAnew(_ stream: StreamID, _ connection: PostgresConnection) throws(StoreError) {
        let seen = try connection.query(SharingStatements.seenTables).text(0, 0)
        try connection.query(SharingStatements.beginJoins, [stream.description])
        try connection.query(SharingStatements.noteSeen, [seen])
    }

    /// A table that is to be shared no more is one that no branch has joined, so that it is when it is shared again.
    /// - Returns: warnings.
    static func forgetJoins(of setup: OfficeSetup, _ connection: PostgresConnection) throws(StoreError) -> [String] {
        let shared = Set(setup.captured.filter { $0.conflict != nil }.map(\.name.inDefaultSchema.sql))
        return try connection.transaction("init") { () throws(StoreError) in
            var warnings: [String] = []
            let found = try connection.query(SharingStatements.joins)
            let engine = ReceiverEngine(PostgresReceiving(connection))
            for row in 0..<found.rowCount {
                let joined = try JSONText.decode([JoinedTable].self, found.text(row, 1), "joined tables")
                let left = joined.filter { shared.contains($0.name.inDefaultSchema.sql) }
                guard left != joined, let stream = StreamID(found.text(row, 0)) else { continue }
                for table in joined where !left.contains(table) {
                    if let warning = try engine.noteUnshared(table.name, by: stream) { warnings.append(warning) }
                }
                try connection.query(SharingStatements.noteJoined, [stream.description, JSONText.encode(left)])
            }
            return warnings
        }
    }
}

extension SyncedTable {
    /// The same for one table, within the transaction that shares it no more: nobody notes a join of it meanwhile.
    func forgetJoin(_ connection: PostgresConnection) throws(StoreError) {
        guard conflict != nil else { return }
        let found = try connection.query(SharingStatements.lockJoins)
        let engine = ReceiverEngine(PostgresReceiving(connection))
        for row in 0..<found.rowCount {
            let joined = try JSONText.decode([JoinedTable].self, found.text(row, 1), "joined tables")
            let own = joined.filter { $0.isAmong([self]) }
            guard !own.isEmpty, let stream = StreamID(found.text(row, 0)) else { continue }
            for table in own { _ = try engine.noteUnshared(table.name, by: stream) }
            try connection.query(
                SharingStatements.noteJoined,
                [stream.description, JSONText.encode(joined.filter { !$0.isAmong([self]) })])
        }
    }
}

extension JoinedTable {
    fileprivate func isAmong(_ tables: [SyncedTable]) -> Bool {
        tables.contains { $0.relation == name.inDefaultSchema.sql }
    }
}
