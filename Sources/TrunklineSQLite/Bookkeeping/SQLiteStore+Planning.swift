internal import GRDB
public import TrunklineCore

extension SQLiteStore {
    public func planInitialisation(
        _ selection: TableSelection, countingRows: Bool
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
            plan.released = synced.map(\.name).filter { name in !rules.contains { $0.name == name } }
            return plan
        }
    }

    public func outgoing(_ key: [String], by rule: TableRule) async throws(StoreError) -> OutgoingRow? {
        try await read("plan", "table \"\(rule.name)\"") { db in
            let office = try Office.read(db, operation: "plan")
            guard let shape = try TableKind.find(rule.name.inSQLite, in: db).shape else {
                throw StoreError(
                    .table, operation: "plan", subject: "table \"\(rule.name)\"", reason: "there is none")
            }
            try OutgoingRow.check(key, of: rule.name, shape.key)
            let table = SyncedTable(
                id: 0, name: rule.name, keyColumns: shape.key, route: rule.keptRoute(at: office.role),
                filter: rule.keptFilter(at: office.role))
            return try OutgoingRow.find(key, table, shape, db)
        }
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
        func statement(_ sql: String) throws -> Statement {
            let statement = try db.makeStatement(sql: sql)
            for (index, value) in values.enumerated() { try value.bind(to: statement, at: index + 1) }
            return statement
        }
        let list = columns.map { "\(name).\(TableName.quoted($0.name))" }.joined(separator: ", ")
        let row = try statement("SELECT \(list) FROM \(name) WHERE \(isRow)")
        defer { row.rewind() }
        guard try row.stepOnce(db) else { return nil }
        var outgoing = OutgoingRow(
            columns: columns,
            values: columns.enumerated().map { index, column in
                var field: [UInt8] = []
                _ = SQLiteValue(row, column: index).withRaw {
                    FieldWriter.append($0, as: WireKind(wireType: column.type), to: &field)
                }
                return CopyText.value(field[...])
            }, destinations: [.head])
        if table.route != nil {
            let scope = RowScope(table: table)
            if let obstacle = scope.obstacle(db) {
                throw StoreError(
                    .table, operation: "plan", subject: "table \"\(table.name)\"", reason: obstacle)
            }
            let offices = try statement(
                """
                SELECT o.destination FROM trunkline_outbound AS o WHERE EXISTS (SELECT 1 FROM \(name) WHERE \(isRow)
                \(scope.conditions(matching: "o.destination").map { " AND \($0)" }.joined())) ORDER BY 1
                """)
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
