internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func planInitialisation(
        _ selection: TableSelection, mapped: [MappedTableRule], countingRows: Bool
    ) async throws(StoreError) -> InitialisationPlan {
        guard try location.identity(mayBeMissing: true) != nil else {
            return InitialisationPlan(
                createsBookkeeping: true,
                refusals: (selection.rules ?? []).map {
                    "there is no table \"\($0.name)\", for there is no file \(location.path) yet; correct database.url"
                })
        }
        return try await look { db in
            var plan = InitialisationPlan(createsBookkeeping: try Bookkeeping.version(db) == 0)
            let synced = plan.createsBookkeeping ? [] : try SyncedTable.ids(db)
            let (rules, refusals, warnings) = try TableSurvey(db: db).resolve(selection)
            plan.refusals = refusals
            plan.warnings = warnings
            for rule in rules {
                let name = rule.name
                guard let shape = try TableKind.find(name.inSQLite, in: db).shape else { continue }
                let captured = synced.first { $0.name == name }
                let table = SyncedTable(
                    id: captured?.id ?? 0, name: name, keyColumns: shape.key, route: rule.keptRoute(at: .head),
                    filter: rule.keptFilter(at: .head), conflict: rule.conflict)
                plan.refusals += [rule.problem(of: shape.wireColumns, key: shape.key)].compactMap { $0 }
                let obstacle = try Capture(db).obstacle(to: table)
                if captured == nil, let obstacle { plan.refusals.append(obstacle) }
                let prefix = CaptureTriggers.prefix(of: table.id)
                let mapping = try Capture.mapping(of: table, db)
                let wanted = CaptureTriggers(table: table, shape: shape, office: .head, mapping: mapping).statements
                let present = Set(try Capture(db).triggers(of: table).map(\.name))
                var rows: Int?
                if captured == nil, countingRows {
                    rows = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(TableName.quoted(shape.name))")
                }
                var entry =
                    InitialisationPlan.Table(
                        name: name, key: shape.key, isNew: captured == nil, rows: rows,
                        triggers: wanted.keys.filter { !present.contains($0) }.sorted().map {
                            String($0.dropFirst(prefix.count))
                        })
                let policy = try captured.flatMap { try SyncedTable.policy(of: $0.id, db) }
                entry.joins = rule.conflict != nil && policy != rule.conflict
                entry.isShared = policy != nil
                plan.tables.append(entry)
            }
            let mappings = try Initialisation.problems(of: mapped, db)
            plan.refusals += mappings.refusals
            plan.warnings += mappings.warnings
            plan.released = synced.map(\.name).filter { name in !rules.contains { $0.name == name } }
            return plan
        }
    }

    public func outgoing(_ key: [String], by rule: TableRule) async throws(StoreError) -> OutgoingRow? {
        try await read("plan", "table \"\(rule.name)\"") { db in
            let (table, shape) = try SQLiteStore.planned(rule, db)
            try OutgoingRow.check(key, of: rule.name, shape.key)
            return try OutgoingRow.find(key, table, shape, db)
        }
    }

    public func outgoing(_ rule: TableRule) async throws(StoreError) -> OutgoingTable {
        try await read("plan", "table \"\(rule.name)\"") { db in
            let (table, shape) = try SQLiteStore.planned(rule, db)
            let name = TableName.quoted(shape.name)
            let rows = try Int.fetchOne(db, sql: "SELECT count(*) FROM \(name)")!
            var outgoing = OutgoingTable(
                key: shape.key, columns: shape.wireColumns, rows: rows,
                shares: [OutgoingTable.Share(office: .head, rows: rows)])
            guard table.route != nil else { return outgoing }
            let scope = try RowScope(table: table).checked(db)
            let counts = try scope.count(db)
            let branches = try String.fetchAll(db, sql: "SELECT destination FROM trunkline_outbound ORDER BY 1")
            outgoing.shares = branches.compactMap(OfficeID.init).map { branch in
                OutgoingTable.Share(
                    office: branch, rows: counts[table.route == .all ? "all" : "\(branch)"] ?? 0)
            }
            return outgoing
        }
    }

    private static func planned(_ rule: TableRule, _ db: Database) throws -> (SyncedTable, TableShape) {
        let office = try Office.read(db, operation: "plan")
        guard let shape = try TableKind.find(rule.name.inSQLite, in: db).shape else {
            throw StoreError(
                .table, operation: "plan", subject: "table \"\(rule.name)\"", reason: "there is none")
        }
        let table = SyncedTable(
            id: 0, name: rule.name, keyColumns: shape.key, route: rule.keptRoute(at: office.role),
            filter: rule.keptFilter(at: office.role))
        return (table, shape)
    }

    /// Reads over a connection of its own that writes nothing, not even the journal mode.
    ///
    /// The file itself is never opened by other means: to close it would drop all locks of this process on it, and another
    /// program might then take the write-ahead log away (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    func look<Value: Sendable>(
        _ body: @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.acceptsDoubleQuotedStringLiterals = true
        configuration.prepareDatabase { db in DecimalFunctions.add(to: db) }
        do {
            let queue = try DatabaseQueue(path: location.path, configuration: configuration)
            defer { try? queue.close() }
            return try await queue.read { db in try body(db) }
        } catch {
            throw StoreError(error, operation: "plan", subject: location.path)
        }
    }

    public func owner() async throws(StoreError) -> OfficeID {
        try await read("use the bookkeeping", location.path) { db in
            try Office.read(db, operation: "use the bookkeeping").id
        }
    }

    public func capturedTables() async throws(StoreError) -> [TableName] {
        try await read("tables", location.path) { db in
            try Bookkeeping.version(db) == 0 ? [] : SyncedTable.ids(db).map(\.name)
        }
    }
}

extension RowScope {
    /// - Throws: `.table` where the rule does not suit the table.
    fileprivate func checked(_ db: Database) throws -> RowScope {
        guard let obstacle = obstacle(db) else { return self }
        throw StoreError(.table, operation: "plan", subject: "table \"\(table.name)\"", reason: obstacle)
    }
}

extension OutgoingRow {
    fileprivate static func find(
        _ key: [String], _ table: SyncedTable, _ shape: TableShape, _ db: Database
    ) throws -> OutgoingRow? {
        let columns = shape.wireColumns
        let name = TableName.quoted(shape.name)
        let isRow = shape.key.map { "\(name).\(TableName.quoted($0)) = ?" }.joined(separator: " AND ")
        let values = zip(shape.key, key).map { column, text in
            FieldReader.key(text, as: WireKind(wireType: columns.first { $0.name == column }!.type))
        }
        var line: [UInt8] = []
        let image = try RowImages(shape, rowBytes: .max, db).read(values, into: &line)
        guard image.isRow else { return nil }
        let misfit = image.misfits.first.map {
            "column \"\($0.column)\" holds a value that is none of its type, so that a PostgreSQL database sets it aside"
        }
        var outgoing = OutgoingRow(
            columns: columns, values: line.isEmpty ? [] : CopyText.fields(line[...]), destinations: [.head],
            problem: image.problem ?? misfit)
        if table.route != nil {
            let scope = try RowScope(table: table).checked(db)
            let offices = try db.makeStatement(
                sql: """
                    SELECT o.destination FROM trunkline_outbound AS o WHERE EXISTS (SELECT 1 FROM \(name) WHERE \(isRow)
                    \(scope.conditions(matching: "o.destination").map { " AND \($0)" }.joined())) ORDER BY 1
                    """)
            for (index, value) in values.enumerated() { try value.bind(to: offices, at: index + 1) }
            defer { offices.rewind() }
            outgoing.destinations = []
            while try offices.stepOnce(db) {
                guard case .text(let name) = SQLiteValue(offices, column: 0),
                    let office = OfficeID(String(decoding: name, as: UTF8.self))
                else { continue }
                outgoing.destinations.append(office)
            }
        }
        return outgoing
    }
}
