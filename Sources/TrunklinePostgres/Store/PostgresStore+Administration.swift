import Foundation
public import TrunklineCore

extension PostgresStore {
    public func initialise(_ given: OfficeSetup) throws(StoreError) -> InitialisationReport {
        var setup = given
        setup.tables = TableRule.distinct(given.tables)
        // What is done later on this connection finds the new version: it is looked at anew.
        defer { close() }
        return try withConnection(ofAnyVersion: true) { (connection) throws(StoreError) in
            let catalog = Catalog(connection)
            var report = InitialisationReport(created: false, captured: [:], released: [], warnings: [])
            let captured = setup.captured.map(\.name)
            _ = try catalog.fitTables(captured)
            for rule in setup.captured {
                try TableSource.check(rule, connection)
                guard let found = try catalog.table(rule.name), let problem = rule.problem(of: found) else { continue }
                throw StoreError(.table, operation: "init", subject: "tables", reason: problem)
            }
            report.created = try migrate(connection)
            report.warnings += try checkMappings(setup, connection)
            try record(setup, connection)
            try connection.neverHideRowsOfABranch()
            if setup.role == .head { report.warnings += try SyncedTable.forgetJoins(of: setup, connection) }
            try release(all: captured, connection, &report)
            if setup.role == .branch {
                try connection.transaction("init") { () throws(StoreError) in
                    _ = try createStream(StreamID(from: setup.office, to: .head), connection)
                }
            }
            // Parents first, so that the initial load travels in an order that foreign keys accept.
            for name in try catalog.foreignKeyOrder(captured) {
                guard let rule = setup.captured.first(where: { $0.name == name }) else { continue }
                try capture(rule, connection, &report)
            }
            if setup.role == .head {
                try followBranches(connection)
            } else {
                try LocalWriteGuard(connection).follow(setup.accepted) { (table, body) throws(StoreError) in
                    try patiently(table, body)
                }
            }
            return report
        }
    }

    /// - Returns: what only keeps rows of some senders waiting.
    /// - Throws: ``StoreError`` `.table` with all that is wrong.
    private func checkMappings(
        _ setup: OfficeSetup, _ connection: PostgresConnection
    ) throws(StoreError) -> [String] {
        let problems = try problems(of: setup.mapped, connection)
        guard !problems.refusals.isEmpty else { return problems.warnings }
        throw StoreError(
            .table, operation: "init", subject: "tables", reason: problems.refusals.joined(separator: "; "))
    }

    func problems(
        of rules: [MappedTableRule], _ connection: PostgresConnection
    ) throws(StoreError) -> (refusals: [String], warnings: [String]) {
        guard !rules.isEmpty else { return ([], []) }
        return try connection.transaction("init") { () throws(StoreError) in
            let books = try connection.run("SELECT to_regclass('trunkline.inbound') IS NOT NULL", [], "init")
            var streams: [StreamID] = []
            if books.flag(0, 0) {
                let found = try connection.run("SELECT stream FROM trunkline.inbound ORDER BY stream", [], "init")
                streams = (0..<found.rowCount).compactMap { StreamID(found.text($0, 0)) }
            }
            return try ReceiverEngine(PostgresReceiving(connection)).problems(of: rules, in: streams)
        }
    }

    /// A head that writes tables has a stream to each branch, another one has none.
    private func followBranches(_ connection: PostgresConnection) throws(StoreError) {
        let writes = try SyncedTable.all(connection).contains { $0.captured }
        let found = try connection.query(Statements.branches)
        for branch in (0..<found.rowCount).compactMap({ OfficeID(found.text($0, 0)) }) {
            let stream = StreamID(from: .head, to: branch)
            try connection.transaction("init") { () throws(StoreError) in
                try connection.query(Statements.holdStreams)
                if writes { try begin(stream, connection) } else { try end(stream, connection) }
            }
        }
    }

    public func resync(_ given: TableName?, to branch: OfficeID?) throws(StoreError) -> Int {
        let table = given?.inDefaultSchema
        return try withConnection { (connection) throws(StoreError) in
            let synced = try CaptureState.all(connection).filter { $0.isReadable || $0.table.name == table }.map(
                \.table
            )
            .filter { $0.captured && (table == nil || $0.name == table) }
            if let table, synced.isEmpty {
                throw StoreError(
                    .table, operation: "resync", subject: "table \"\(table)\"",
                    reason: "it is not a table that this office sends",
                    hint: Self.resyncHint)
            }
            let stream = branch.map { StreamID(from: .head, to: $0).description }
            let order = try Catalog(connection).foreignKeyOrder(synced.map(\.name))
            var rows = 0
            try connection.transaction("resync") { () throws(StoreError) in
                for name in order {
                    for one in synced where one.name == name {
                        rows +=
                            try connection.query(Statements.beginLoad, ["\(one.id)", stream, "f", "t", "t"]).integer(
                                0, 0)
                            ?? 0
                    }
                }
                try connection.script("NOTIFY trunkline_changes", "resync")
            }
            return rows
        }
    }

    /// - Returns: whether the bookkeeping was created now.
    private func migrate(_ connection: PostgresConnection) throws(StoreError) -> Bool {
        do throws(StoreError) {
            return try migrateOnce(connection)
        } catch  where ["23505", "42P06", "42P07"].contains(error.databaseCode) {
            // Another init has just created the bookkeeping.
            return try migrateOnce(connection)
        }
    }

    /// One init at a time: they wait for a lock that nobody else may take.
    private func migrateOnce(_ connection: PostgresConnection) throws(StoreError) -> Bool {
        try connection.transaction("migrate") { () throws(StoreError) in
            try connection.script(
                """
                CREATE SCHEMA IF NOT EXISTS trunkline;
                CREATE TABLE IF NOT EXISTS trunkline.migration (step integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
                LOCK TABLE trunkline.migration IN EXCLUSIVE MODE
                """, "migrate")
            let done =
                try connection.run("SELECT coalesce(max(step), 0) FROM trunkline.migration", [], "migrate").integer(
                    0, 0) ?? 0
            guard done <= Migrations.steps.count else { throw Migrations.unfit(done) }
            for (index, step) in Migrations.steps.enumerated().dropFirst(done) {
                try connection.script(step, "migrate")
                try connection.run("INSERT INTO trunkline.migration (step) VALUES ($1)", ["\(index + 1)"], "migrate")
            }
            for sql in Functions.all + SetAsideListFunctions.statements + RowStatusView.statements
                + LocalWriteGuard.functions
            {
                try connection.script(sql, "create function")
            }
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
            [
                setup.office.description, setup.role.rawValue,
                TextArray.encode(setup.accepted.map(\.target).flatMap(\.spellings)), setup.acceptsNew ? "t" : "f",
                "\(Int64(setup.clockTolerance / .milliseconds(1)))", JSONText.encode(setup.mapped),
                setup.newColumns?.rawValue,
            ])
        // What this office takes may be another now.
        try connection.query(ReceiverStatements.tryWholeTables)
    }

    /// Ends the capture of tables that left the list. What changed of them and was not sent travels no more.
    private func release(
        all wanted: [TableName], _ connection: PostgresConnection, _ report: inout InitialisationReport
    ) throws(StoreError) {
        for table in try SyncedTable.all(connection) where table.captured && !wanted.contains(table.name) {
            try patiently(table.name) { () throws(StoreError) in
                try TableCapture(connection, patience: .seconds(2)).end(table)
            }
            report.released.append(table.name)
        }
    }

    /// Sees to one table, with all the patience that a person at a keyboard has.
    private func capture(
        _ rule: TableRule, _ connection: PostgresConnection, _ report: inout InitialisationReport
    ) throws(StoreError) {
        let name = rule.name
        let id = try connection.query(
            Statements.recordTable, [name.description, name.sql, TextArray.encode([])]
        ).integer(0, 0)!
        if try record(rule, id, connection) {
            report.warnings.append(rule.changeWarning)
        }
        guard let state = try CaptureState.all(connection, only: id).first else { return }
        try state.checkItMoves()
        switch state.verdict {
        case .intact, .still: try connection.query(Statements.returnHeld, ["\(id)"])
        case .incomplete(let work):
            let rows = try patiently(name) { () throws(StoreError) in
                try TableCapture(connection, patience: .seconds(2)).complete(
                    state, work, isNew: state.stored == nil && !state.table.loaded)
            }
            if let rows { report.captured[name] = rows }
        }
    }

    /// Notes who gets which rows of a table. Where that is another now, its triggers are made anew in the same transaction,
    /// and each key is looked at once more: who is not to have a row any more gets a delete.
    /// - Returns: whether it is another.
    private func record(_ rule: TableRule, _ id: Int, _ connection: PostgresConnection) throws(StoreError) -> Bool {
        var mapping: String?
        if case .mapping(_, let through, _, _) = rule.route { mapping = through.sql }
        let route = JSONText.encode(rule.route)
        let conflict = rule.conflict.map { JSONText.encode($0) }
        let values = [
            "\(id)", rule.direction.rawValue, route, rule.filter, TableSource.template(rule), mapping, conflict,
        ]
        let isOther = try connection.query(Statements.hasOtherRule, ["\(id)", route, rule.filter, conflict]).flag(0, 0)
        guard isOther else {
            try connection.query(Statements.recordRule, values)
            return false
        }
        return try patiently(rule.name) { () throws(StoreError) in
            try TableCapture(connection, patience: .seconds(2)).route(id, values, isShared: conflict != nil)
        }
    }

    private func patiently<T>(_ table: TableName, _ body: () throws(StoreError) -> T) throws(StoreError) -> T {
        for _ in 1..<15 {
            do { return try body() } catch { guard error.databaseCode == "55P03" else { throw error } }
        }
        do { return try body() } catch {
            guard error.databaseCode == "55P03" else { throw error }
            throw StoreError(
                .contention, operation: "create triggers", subject: "table \"\(table)\"",
                reason: "another transaction keeps the table locked",
                hint: "end the long transaction and run \"trunkline init\" again")
        }
    }
}
