internal import TrunklineCore

/// Makes the capture of a synced table complete: at `init`, and when a publisher finds that it is not.
///
/// Each step is a transaction after which the next one, or another process, can go on. Triggers need a short lock that waits
/// for the transactions that write to the table, and writers wait behind it, so it gives up quickly; loads need none.
struct TableCapture {
    private let connection: PostgresConnection
    /// How long a lock on a table is waited for.
    private let patience: Duration

    init(_ connection: PostgresConnection, patience: Duration) {
        self.connection = connection
        self.patience = patience
    }

    /// - Parameter isNew: the table was never captured before: its rows are new to the receiver.
    /// - Returns: how many rows became pending; nil: none had to be loaded.
    func complete(_ state: CaptureState, _ work: CaptureState.Work, isNew: Bool) throws(StoreError) -> Int? {
        guard let now = state.now else { return nil }
        if work.triggers { try makeTriggers(state, now, work) }
        if work.partitions { try followPartitions(state, now, work) }
        if work.isNotedAnew, !work.partitions { try record(state, now, reload: work.load) }
        let rows = work.load ? try load(state.table.id, isNew: isNew) : nil
        try connection.query(Statements.returnHeld, ["\(state.table.id)"])
        try connection.script("NOTIFY trunkline_changes", "notify")
        return rows
    }

    /// Ends the capture, and forgets what was not sent.
    func end(_ table: SyncedTable) throws(StoreError) {
        try locked { () throws(StoreError) in
            try table.forgetJoin(connection)
            let exists =
                try connection.run("SELECT to_regclass($1)", [table.relation], "release table").value(0, 0) != nil
            for trigger in CaptureSQL.triggerNames where exists {
                try connection.script("DROP TRIGGER IF EXISTS \(trigger) ON \(table.relation)", "drop trigger")
            }
            for sql in CaptureSQL.dropFunctions(of: table.id) {
                try connection.script(sql + " CASCADE", "drop function")
            }
            try connection.script(
                """
                UPDATE trunkline.synced_table SET captured = false, loaded = false, shared_since = NULL, has_joined = false,
                    fingerprint = NULL WHERE id = \(table.id);
                DELETE FROM trunkline.held_change WHERE table_id = \(table.id);
                DELETE FROM trunkline.load WHERE table_id = \(table.id);
                DELETE FROM trunkline.shared_row WHERE table_id = \(table.id);
                DELETE FROM trunkline.applied_change WHERE table_id = \(table.id);
                DELETE FROM trunkline.refused_row WHERE table_name = \(table.name.description.literal)
                """, "release table")
        }
    }

    private func capture(_ state: CaptureState, _ now: CaptureFingerprint) throws(StoreError) -> CaptureSQL {
        CaptureSQL(
            tableID: state.table.id, relation: state.table.relation, key: now.key, isPartitioned: state.isPartitioned,
            route: try CaptureRoute(state.table, connection), versions: try versions(of: state.table))
    }

    private func versions(of table: SyncedTable) throws(StoreError) -> VersionSQL? {
        guard let policy = table.conflict else { return nil }
        let office = try connection.query(Statements.office)
        return VersionSQL(tableID: table.id, office: OfficeID(office.text(0, 0))!, policy: policy)
    }

    private func makeTriggers(
        _ state: CaptureState, _ now: CaptureFingerprint, _ work: CaptureState.Work
    ) throws(StoreError) {
        let capture = try capture(state, now)
        try locked { () throws(StoreError) in
            for sql in capture.functions { try connection.script(sql, "create function") }
            for trigger in capture.triggers { try connection.script(trigger.sql, "create trigger") }
            if state.isPartitioned { try makeTruncateTriggers(capture) }
            for sql in capture.mappingStatements { try connection.script(sql, "create mapping trigger") }
            if work.forgetsKeys {
                try connection.script(
                    """
                    UPDATE trunkline.change SET table_id = 0 WHERE table_id = \(state.table.id);
                    DELETE FROM trunkline.held_change WHERE table_id = \(state.table.id)
                    """, "forget keys")
            }
            var before = now
            before.firesAlways = nil
            before.partitionTriggers = nil
            try record(state, before, reload: work.load)
        }
        // Only the owner of the table may; without it they do not fire in a session that replays another server's changes.
        let names = capture.triggers.map(\.name)
        try? locked { () throws(StoreError) in
            try connection.script(CaptureSQL.enable(names, on: state.table.relation), "enable triggers")
            try connection.query(Statements.recordFiring, ["\(state.table.id)"])
        }
    }

    /// Puts another rule in force.
    /// - Parameter values: as ``Statements/recordRule`` takes them.
    /// - Returns: false when the triggers are made anew anyway.
    func route(_ id: Int, _ values: [String?], isShared: Bool) throws(StoreError) -> Bool {
        var isDone = false
        try locked { () throws(StoreError) in
            // Whoever has logged by the old rule and is not done is waited for: its rows are looked at below.
            if let table = try SyncedTable.all(connection).first(where: { $0.id == id }) {
                if !isShared { try table.forgetJoin(connection) }
                try connection.script("LOCK TABLE \(table.relation) IN SHARE ROW EXCLUSIVE MODE", "route")
            }
            try connection.query(Statements.recordRule, values)
            try connection.query(SharingStatements.forgetVersions, ["\(id)"])
            for event in CaptureMapping.events {
                try connection.script(
                    "DROP FUNCTION IF EXISTS \(CaptureMapping.function(event, id))() CASCADE", "route")
            }
            guard let state = try CaptureState.all(connection, only: id).first else { return }
            guard let now = state.now, state.isReadable else {
                try state.checkItMoves()
                // Its triggers are made below, and all of it goes again then, or joins anew.
                try connection.script(
                    "UPDATE trunkline.synced_table SET loaded = false, has_joined = false WHERE id = \(id)", "route")
                return
            }
            let capture = try capture(state, now)
            for sql in capture.functions + capture.mappingStatements { try connection.script(sql, "route") }
            var before = now
            before.firesAlways = state.stored?.firesAlways
            before.partitionTriggers = state.stored?.partitionTriggers
            try record(state, before, reload: false)
            try connection.query(Statements.beginLoad, ["\(id)", nil, "f", "t", "t"])
            isDone = true
        }
        return isDone
    }

    private func makeTruncateTriggers(_ capture: CaptureSQL) throws(StoreError) {
        let bare = try connection.query(Statements.partitionsWithoutTrigger, [capture.relation])
        for row in 0..<bare.rowCount {
            try connection.script(capture.truncateTrigger(on: bare.text(row, 0)), "create trigger")
        }
    }

    /// Rows of partitions that came are changes, and rows of those that went are deletes. PostgreSQL gives new partitions
    /// the triggers of the whole, but for the one that catches a TRUNCATE of the partition itself; where we may not make it,
    /// such a TRUNCATE is not seen.
    private func followPartitions(
        _ state: CaptureState, _ now: CaptureFingerprint, _ work: CaptureState.Work
    ) throws(StoreError) {
        try? locked { () throws(StoreError) in try makeTruncateTriggers(try capture(state, now)) }
        try connection.transaction("follow partitions") { () throws(StoreError) in
            let before = Set(state.stored?.partitions ?? [])
            let after = Set(now.partitions)
            for (oids, op) in [(after.subtracting(before), "r"), (before.subtracting(after), "d")] {
                let list = "{" + oids.sorted().map(String.init).joined(separator: ",") + "}"
                let found = try connection.query(Statements.existingTables, [list])
                for row in 0..<found.rowCount {
                    try connection.script(state.table.logAll(op: op, from: found.text(row, 1)), "log partition")
                }
            }
            try record(state, now, reload: work.load)
        }
    }

    private func record(
        _ state: CaptureState, _ now: CaptureFingerprint, reload: Bool
    ) throws(StoreError) {
        try connection.query(
            Statements.recordCapture,
            [
                "\(state.table.id)", TextArray.encode(now.key.map(\.name)), JSONText.encode(now),
                reload ? "t" : "f",
            ])
    }

    /// Every row that is there becomes pending, once: of each stream. What was missed may have left a branch.
    private func load(_ id: Int, isNew: Bool) throws(StoreError) -> Int {
        try connection.transaction("load") { () throws(StoreError) in
            try connection.query(Statements.holdStreams)
            let claimed = try connection.run(
                "UPDATE trunkline.synced_table SET loaded = true WHERE id = $1 AND NOT loaded", ["\(id)"], "load")
            guard claimed.affectedRows == 1 else { return 0 }
            // At the head the branches say when they have joined a shared table.
            let waits = try connection.query(SharingStatements.waitsForBranches, ["\(id)"]).flag(0, 0)
            guard !(isNew && waits) else { return 0 }
            return try connection.query(
                Statements.beginLoad, ["\(id)", nil, isNew ? "t" : "f", isNew ? "f" : "t", "t"]
            ).integer(0, 0)
                ?? 0
        }
    }

    private func locked(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try connection.transaction("create triggers") { () throws(StoreError) in
            try connection.script("SET LOCAL lock_timeout = '\(Int(patience.inSeconds * 1_000))ms'", "create triggers")
            try body()
        }
    }
}
