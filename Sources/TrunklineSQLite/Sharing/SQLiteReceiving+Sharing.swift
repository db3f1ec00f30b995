internal import GRDB
internal import TrunklineCore

extension SQLiteReceiving {
    func wallClock() throws(StoreError) -> Int64 {
        try run("look at the clock", "the office") { try WallClock.now(db) }
    }

    func clockTolerance() throws(StoreError) -> Int64 {
        try run("look at the clock", "the office") {
            try Int64.fetchOne(db, sql: "SELECT clock_tolerance FROM trunkline_office")!
        }
    }

    func note(clockAhead: Int64?, _ stream: StreamID) throws(StoreError) {
        try run("note clock", stream) {
            try db.execute(
                sql: "UPDATE trunkline_inbound SET clock_ahead = ? WHERE stream = ?",
                arguments: [clockAhead, stream.description])
        }
    }

    func policy(of table: TableName) throws(StoreError) -> ConflictPolicy {
        try run("read policy", table) {
            let folded = FoldedName(table.inSQLite)
            let own = try SyncedTable.all(db).first { FoldedName($0.name.inSQLite) == folded }
            guard let policy = own?.conflict else {
                throw StoreError(
                    .table, operation: "read policy", subject: "table \"\(table)\"",
                    reason: "this office does not share it")
            }
            return policy
        }
    }

    func sharedRows(of keys: [RowKey], _ table: TableHeader, _ branch: OfficeID) throws(StoreError)
        -> [SharedRowState]
    {
        try run("read versions", table.name) {
            let shared = try SharedKeys(table, db)
            return try keys.map { key in
                var state = SharedRowState()
                for text in shared.texts(key) {
                    guard let row = try SharedRow.find(shared.tableID, text, db) else { continue }
                    state.version = row.version
                    break
                }
                for text in shared.texts(key) {
                    guard let change = try AppliedChanges.find(shared.tableID, text, branch, db) else { continue }
                    state.applied = change
                    break
                }
                return state
            }
        }
    }

    /// Nobody else writes within this transaction.
    func localVersions(
        of keys: [RowKey], _ table: TableHeader, locking: Bool
    ) throws(StoreError) -> [LocalVersion?] {
        try run("read versions", table.name) {
            let shared = try SharedKeys(table, db)
            return try keys.map { key in
                for text in shared.texts(key) {
                    guard let row = try SharedRow.find(shared.tableID, text, db) else { continue }
                    return LocalVersion(version: row.version, isDirty: row.isDirty, since: row.base.since)
                }
                return nil
            }
        }
    }

    func canKeep(_ key: RowKey) throws(StoreError) -> Bool { true }

    func refusedRows(of table: TableName) throws(StoreError) -> [RowKey: String] {
        try run("look at refused rows", table) {
            try SenderNotices.refusedRows(of: table, db)
        }
    }

    func isUnseen(_ table: TableName) throws(StoreError) -> Bool {
        try run("look at the join", table) { try Joins.isUnseen(table, db) }
    }

    func sharedSince(_ table: TableName) throws(StoreError) -> Int64 {
        let folded = FoldedName(table.inSQLite)
        return try run("look at the table", table) {
            let own = try SyncedTable.all(db).first { FoldedName($0.name.inSQLite) == folded }
            return try Int64.fetchOne(
                db, sql: "SELECT coalesce(shared_since, 0) FROM trunkline_synced_table WHERE id = ?",
                arguments: [own?.id]) ?? 0
        }
    }

    /// Nobody else writes meanwhile.
    func merging<Value>(_ body: () throws(StoreError) -> Value?) throws(StoreError) -> Value? {
        try run("merge", "shared tables") { try SharedRow.merging(db) { try body() } }
    }

    func note(_ versions: [NotedVersion], _ table: TableHeader) throws(StoreError) {
        guard !versions.isEmpty else { return }
        try run("note versions", table.name) {
            let shared = try SharedKeys(table, db)
            for noted in versions {
                let texts = shared.texts(noted.key)
                let known = try texts.first { try SharedRow.find(shared.tableID, $0, db) != nil }
                if noted.onlyIfNone, known != nil { continue }
                let text = known ?? texts[0]
                try SharedRow.note(noted.version, isDeleted: noted.isDelete, shared.tableID, text, db)
            }
        }
    }

    func note(
        _ changes: [(key: RowKey, change: AppliedChange)], _ table: TableHeader, _ branch: OfficeID
    ) throws(StoreError) {
        guard !changes.isEmpty else { return }
        try run("note changes", table.name) {
            let shared = try SharedKeys(table, db)
            let isWhole = try shared.hasTriggers(db)
            for (key, change) in changes {
                let texts = shared.texts(key)
                let text = try texts.first { try SharedRow.find(shared.tableID, $0, db) != nil } ?? texts[0]
                try AppliedChanges.note(change, shared.tableID, text, branch, db)
                if isWhole { try AppliedChanges.sayWhole([text], shared.tableID, to: branch, db) }
            }
        }
    }

    func answer(
        _ keys: [RowKey], _ table: TableHeader, _ branch: OfficeID, onlyRouted: Bool
    ) throws(StoreError) {
        guard !keys.isEmpty else { return }
        try run("answer", table.name) {
            let shared = try SharedKeys(table, db)
            if onlyRouted {
                let own = try SyncedTable.all(db).first { $0.id == shared.tableID }
                guard let route = own?.route, route != .all else { return }
            }
            let insert = try db.makeStatement(
                sql: """
                    INSERT INTO trunkline_change (table_id, key, op, at, destination)
                    SELECT ?1, ?2, 'update', \(Timestamp.now), o.destination FROM trunkline_outbound AS o
                    WHERE o.stream = ?3 AND NOT EXISTS (SELECT 1 FROM trunkline_change AS c
                        WHERE c.table_id = ?1 AND c.key = ?2 AND c.destination = o.destination AND c.seq > o.cursor)
                    """)
            for key in keys {
                let texts = shared.texts(key)
                let text = try texts.first { try SharedRow.find(shared.tableID, $0, db) != nil } ?? texts[0]
                try insert.execute(
                    arguments: [shared.tableID, text, StreamID(from: .head, to: branch).description])
            }
        }
    }

    func conflictSize(_ branch: OfficeID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try run("measure conflicts", "trunkline_conflict") {
            let row = try Row.fetchOne(
                db, sql: "SELECT count(*), coalesce(sum(bytes), 0) FROM trunkline_conflict WHERE branch = ?",
                arguments: [branch.description])!
            return (row[0], row[1])
        }
    }

    func keep(_ conflicts: [Conflict]) throws(StoreError) {
        try run("keep conflicts", "trunkline_conflict") {
            for conflict in conflicts { try ConflictRecords.keep(conflict, db) }
        }
    }

    func lockConflict(_ id: Int64) throws(StoreError) -> ConflictRecord? {
        try run("read conflict", "conflict \(id)") { try ConflictRecords.find(id, db) }
    }

    func noteResolved(_ id: Int64, _ resolution: String) throws(StoreError) {
        try run("note resolution", "conflict \(id)") {
            try db.execute(
                sql: "UPDATE trunkline_conflict SET resolved_at = \(Timestamp.now), resolution = ? WHERE id = ?",
                arguments: [resolution, id])
        }
    }

    func header(of table: TableName) throws(StoreError) -> TableHeader {
        let policy = try policy(of: table)
        return try run("look at table", table) {
            guard let shape = try TableKind.find(table.inSQLite, in: db).shape else {
                throw StoreError(
                    .table, operation: "look at table", subject: "table \"\(table)\"", reason: "there is none")
            }
            return TableHeader(
                name: table, key: shape.key, columns: shape.wireColumns, rows: 0, rowBytes: 0, deletes: 0,
                deleteBytes: 0, allNew: false, conflict: policy.description)
        }
    }

    func joinAnew(_ stream: StreamID) throws(StoreError) {
        try run("join shared tables", stream) { try Joins.beginAnew(stream, db) }
    }

    func noteJoined(_ tables: [JoinedTable], _ header: BatchHeader) throws(StoreError) {
        try run("note joined tables", header.stream) { try Joins.note(tables, of: header.stream, db) }
    }
}
