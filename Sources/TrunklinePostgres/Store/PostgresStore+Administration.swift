import Foundation
public import TrunklineCore

extension PostgresStore {
    public func initialise(_ setup: OfficeSetup) throws(StoreError) -> InitialisationReport {
        try withConnection { (connection) throws(StoreError) in
            let catalog = Catalog(connection)
            var report = InitialisationReport(created: false, captured: [:], released: [], warnings: [])
            let tables = setup.role == .branch ? try catalog.fitTables(setup.tables) : []
            report.created = try migrate(connection)
            try record(setup, connection)
            guard setup.role == .branch else { return report }
            try release(all: setup.tables, connection, &report)
            for table in tables { try capture(table, connection, &report) }
            // Parents first, so that the initial load travels in an order that foreign keys accept.
            for name in try catalog.foreignKeyOrder(setup.tables) { try load(name, connection, &report) }
            try connection.transaction("init") { () throws(StoreError) in
                try connection.query(Statements.createOutbound, [StreamID(from: setup.office, to: .head).description])
                try connection.query(
                    Statements.createOutboundAck, [StreamID(from: setup.office, to: .head).description])
                for sql in RowStatusView.statements(for: tables) { try connection.script(sql, "create view") }
            }
            return report
        }
    }

    public func resync(_ table: TableName?) throws(StoreError) -> Int {
        try withConnection { (connection) throws(StoreError) in
            let synced = try SyncedTable.all(connection).filter { $0.captured && (table == nil || $0.name == table) }
            if let table, synced.isEmpty {
                throw StoreError(
                    .table, operation: "resync", subject: "table \"\(table)\"", reason: "it is not a synced table",
                    hint: "add it to tables and run \"trunkline init\"")
            }
            let order = try Catalog(connection).foreignKeyOrder(synced.map(\.name))
            var rows = 0
            for name in order {
                guard let one = synced.first(where: { $0.name == name }) else { continue }
                rows += try connection.run(one.logAll(op: "r"), [], "resync").affectedRows
            }
            try connection.script("NOTIFY trunkline_changes", "resync")
            return rows
        }
    }

    /// - Returns: whether the bookkeeping was created now.
    private func migrate(_ connection: PostgresConnection) throws(StoreError) -> Bool {
        try connection.transaction("migrate") { () throws(StoreError) in
            // One init at a time; the number is arbitrary and ours alone.
            try connection.script("SELECT pg_advisory_xact_lock(7236741209)", "migrate")
            try connection.script(
                """
                CREATE SCHEMA IF NOT EXISTS trunkline;
                CREATE TABLE IF NOT EXISTS trunkline.migration (step integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())
                """, "migrate")
            let done =
                try connection.run("SELECT coalesce(max(step), 0) FROM trunkline.migration", [], "migrate").integer(
                    0, 0) ?? 0
            guard done <= Migrations.steps.count else {
                throw StoreError(
                    .notInitialised, operation: "init", subject: "schema trunkline",
                    reason: "it is of a newer version (\(done)) than this program (\(Migrations.steps.count))",
                    hint: "update this program")
            }
            for (index, step) in Migrations.steps.enumerated().dropFirst(done) {
                try connection.script(step, "migrate")
                try connection.run("INSERT INTO trunkline.migration (step) VALUES ($1)", ["\(index + 1)"], "migrate")
            }
            for sql in Functions.all { try connection.script(sql, "create function") }
            return done == 0
        }
    }

    private func record(_ setup: OfficeSetup, _ connection: PostgresConnection) throws(StoreError) {
        let known = try connection.query(Statements.office)
        if known.rowCount == 1, known.text(0, 0) != setup.office.description || known.text(0, 1) != setup.role.rawValue
        {
            throw StoreError(
                .configuration, operation: "init", subject: "office.id",
                reason:
                    "this database belongs to \(known.text(0, 1)) \"\(known.text(0, 0))\", the configuration says \(setup.role) \"\(setup.office)\"",
                hint: "check database.url and office.id")
        }
        try connection.query(
            Statements.recordOffice,
            [setup.office.description, setup.role.rawValue, TextArray.encode(setup.tables.flatMap(\.spellings))])
    }

    /// Ends the capture of tables that left the list.
    private func release(
        all wanted: [TableName], _ connection: PostgresConnection, _ report: inout InitialisationReport
    ) throws(StoreError) {
        for table in try SyncedTable.all(connection) where table.captured && !wanted.contains(table.name) {
            try connection.transaction("release table") { () throws(StoreError) in
                let exists =
                    try connection.run("SELECT to_regclass($1)", [table.relation], "release table").value(0, 0) != nil
                for trigger in CaptureSQL.triggerNames where exists {
                    try connection.script("DROP TRIGGER IF EXISTS \(trigger) ON \(table.relation)", "drop trigger")
                }
                for sql in table.capture(partitioned: false).dropFunctions {
                    try connection.script(sql + " CASCADE", "drop function")
                }
                try connection.run(
                    "UPDATE trunkline.synced_table SET captured = false, loaded = false WHERE id = $1", ["\(table.id)"],
                    "release table")
            }
            report.released.append(table.name)
        }
    }

    /// Makes functions and missing triggers of one table. A trigger needs a short lock that waits
    /// for the transactions that write to the table, and writers wait behind it; so it gives up quickly and tries again.
    private func capture(
        _ table: Catalog.Table, _ connection: PostgresConnection, _ report: inout InitialisationReport
    ) throws(StoreError) {
        let id = try connection.query(
            Statements.recordTable, [table.name.description, table.name.sql, TextArray.encode(table.key)]
        ).integer(0, 0)!
        let capture = CaptureSQL(
            tableID: id, relation: table.name.sql, keyColumns: table.key, isPartitioned: table.isPartitioned)
        for attempt in 1... {
            do throws(StoreError) {
                try makeTriggers(capture, connection)
                return
            } catch {
                guard error.databaseCode == "55P03" else { throw error }
                guard attempt < 15 else {
                    throw StoreError(
                        .contention, operation: "create triggers", subject: "table \"\(table.name)\"",
                        reason: "another transaction keeps the table locked",
                        hint: "end the long transaction and run \"trunkline init\" again")
                }
            }
        }
    }

    private func makeTriggers(_ capture: CaptureSQL, _ connection: PostgresConnection) throws(StoreError) {
        try connection.transaction("create triggers") { () throws(StoreError) in
            try connection.script("SET LOCAL lock_timeout = '2s'", "create triggers")
            for sql in capture.functions { try connection.script(sql, "create function") }
            let present = try connection.query(Statements.triggers, [capture.relation])
            let names = Set((0..<present.rowCount).map { present.text($0, 0) })
            for trigger in capture.triggers where !names.contains(trigger.name) {
                try connection.script(trigger.sql, "create trigger")
            }
            let bare = try connection.query(Statements.partitionsWithoutTrigger, [capture.relation])
            for row in 0..<bare.rowCount {
                try connection.script(capture.truncateTrigger(on: bare.text(row, 0)), "create trigger")
            }
            try connection.run(
                "UPDATE trunkline.synced_table SET captured = true WHERE id = $1", ["\(capture.tableID)"],
                "create triggers")
        }
    }

    /// The initial load: every row that is there becomes pending, once.
    private func load(
        _ name: TableName, _ connection: PostgresConnection, _ report: inout InitialisationReport
    ) throws(StoreError) {
        guard let table = try SyncedTable.all(connection).first(where: { $0.name == name }), !table.loaded else {
            return
        }
        let rows = try connection.transaction("initial load") { () throws(StoreError) in
            let rows = try connection.run(table.logAll(op: "l"), [], "initial load").affectedRows
            try connection.run(
                "UPDATE trunkline.synced_table SET loaded = true WHERE id = $1", ["\(table.id)"], "initial load")
            try connection.script("NOTIFY trunkline_changes", "initial load")
            return rows
        }
        report.captured[name] = rows
    }
}
