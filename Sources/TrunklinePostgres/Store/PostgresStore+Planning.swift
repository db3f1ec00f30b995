public import TrunklineCore

extension PostgresStore {
    public func planInitialisation(
        _ selection: TableSelection, mapped: [MappedTableRule], countingRows: Bool
    ) throws(StoreError) -> InitialisationPlan {
        try withConnection(ofAnyVersion: true) { (connection) throws(StoreError) in
            var plan = InitialisationPlan()
            let captured = try captured(connection)
            plan.createsBookkeeping = captured == nil
            let (names, refusals, warnings) = try TableSurvey(connection).resolve(selection)
            plan.refusals = refusals
            plan.warnings = warnings
            let known = captured ?? []
            for name in names {
                let table = known.first { $0.relation == name.sql }
                try plan.add(name, as: table, countingRows: countingRows, connection)
            }
            for rule in selection.rules ?? [] {
                guard let found = try Catalog(connection).table(rule.name) else { continue }
                plan.refusals += [rule.problem(of: found)].compactMap { $0 }
                guard rule.conflict != nil else { continue }
                let policy = known.first { $0.relation == rule.name.sql }?.policy
                for index in plan.tables.indices where plan.tables[index].name.sql == rule.name.sql {
                    plan.tables[index].joins = policy != rule.conflict
                    plan.tables[index].isShared = policy != nil
                }
            }
            let mappings = try problems(of: mapped, connection)
            plan.refusals += mappings.refusals
            plan.warnings += mappings.warnings
            plan.released = known.map(\.name).filter { name in !names.contains { $0.sql == name.sql } }
            return plan
        }
    }

    public func outgoing(_ key: [String], by rule: TableRule) throws(StoreError) -> OutgoingRow? {
        try withConnection(ofAnyVersion: true) { (connection) throws(StoreError) in
            let table = try table(rule.name, connection)
            try OutgoingRow.check(key, of: rule.name, table.key)
            let columns = table.wireColumns
            let isRow = table.key.enumerated().map { "t.\($0.element.identifier) = $\($0.offset + 1)" }.joined(
                separator: " AND ")
            let row = try connection.run(
                "SELECT \(columns.map { "t.\($0.name.identifier)::text" }.joined(separator: ", ")) FROM \(rule.name.sql) t WHERE \(isRow)",
                key, "plan")
            guard row.rowCount > 0 else { return nil }
            var outgoing = OutgoingRow(
                columns: columns, values: columns.indices.map { row.value(0, $0) }, destinations: [.head])
            if try isHead(connection) {
                try TableSource.check(rule, connection)
                let rows = TableSource.template(rule).map { TableSource.filled($0, with: "o.destination") }
                let found = try connection.run(
                    """
                    SELECT o.destination FROM trunkline.outbound o
                    WHERE EXISTS (SELECT FROM \(rows ?? rule.name.sql) t WHERE \(isRow)) ORDER BY 1
                    """, key, "plan")
                outgoing.destinations = (0..<found.rowCount).compactMap { OfficeID(found.text($0, 0)) }
            }
            return outgoing
        }
    }

    public func outgoing(_ rule: TableRule) throws(StoreError) -> OutgoingTable {
        try withConnection(ofAnyVersion: true) { (connection) throws(StoreError) in
            let table = try table(rule.name, connection)
            let rows = try connection.run("SELECT count(*) FROM \(rule.name.sql)", [], "plan").integer(0, 0) ?? 0
            var outgoing = OutgoingTable(
                key: table.key, columns: table.wireColumns, rows: rows,
                shares: [OutgoingTable.Share(office: .head, rows: rows)])
            guard try isHead(connection) else { return outgoing }
            try TableSource.check(rule, connection)
            let found = try connection.run(
                """
                WITH rows AS (\(TableSource.counts(rule)))
                SELECT o.destination, coalesce((SELECT sum(r.rows) FROM rows r WHERE coalesce(r.office, o.destination) = o.destination), 0)
                FROM trunkline.outbound o ORDER BY 1
                """, [], "plan")
            outgoing.shares = (0..<found.rowCount).compactMap { row in
                OfficeID(found.text(row, 0)).map { OutgoingTable.Share(office: $0, rows: found.integer(row, 1) ?? 0) }
            }
            return outgoing
        }
    }

    private func table(_ name: TableName, _ connection: PostgresConnection) throws(StoreError) -> Catalog.Table {
        if let table = try Catalog(connection).table(name) { return table }
        throw StoreError(.table, operation: "plan", subject: "table \"\(name)\"", reason: "there is none")
    }

    private func isHead(_ connection: PostgresConnection) throws(StoreError) -> Bool {
        let office = try connection.query(Statements.office)
        return office.rowCount == 1 && office.text(0, 1) == OfficeRole.head.rawValue
    }

    public func capturedTables() throws(StoreError) -> [TableName] {
        try withConnection { (connection) throws(StoreError) in try captured(connection)?.map(\.name) ?? [] }
    }

    public func owner() throws(StoreError) -> OfficeID {
        try withConnection { (connection) throws(StoreError) in
            let office = try connection.query(Statements.office)
            guard office.rowCount == 1, let owner = OfficeID(office.text(0, 0)) else {
                throw StoreError(
                    .notInitialised, operation: "use the bookkeeping", subject: "trunkline.office",
                    reason: "it is empty",
                    hint: "run trunkline init")
            }
            return owner
        }
    }

    /// Nil without bookkeeping, which may be of any version.
    private func captured(_ connection: PostgresConnection) throws(StoreError) -> [CapturedTable]? {
        let found = try connection.run("SELECT to_regclass('trunkline.synced_table')", [], "plan")
        guard found.value(0, 0) != nil else { return nil }
        let tables = try connection.run(
            """
            SELECT id, name, relation, to_jsonb(t) ->> 'conflict' FROM trunkline.synced_table t
            WHERE captured ORDER BY id
            """, [], "plan")
        var captured: [CapturedTable] = []
        for row in 0..<tables.rowCount {
            guard let name = TableName(parsing: tables.text(row, 1)) else { continue }
            let policy = try tables.value(row, 3).map { (text) throws(StoreError) in
                try JSONText.decode(ConflictPolicy.self, text, "policy of a table")
            }
            captured.append(
                CapturedTable(
                    id: tables.integer(row, 0)!, name: name, relation: tables.text(row, 2), policy: policy))
        }
        return captured
    }
}

/// What bookkeeping of every version says of a synced table.
private struct CapturedTable {
    var id: Int
    var name: TableName
    /// Quoted and schema-qualified.
    var relation: String
    /// Of one that is shared.
    var policy: ConflictPolicy?
}

extension TableRule {
    func problem(of table: Catalog.Table) -> String? {
        if let problem = problem(of: table.wireColumns, key: table.key) { return problem }
        return conflict == nil ? nil : Catalog.identityProblem(table, Set(table.columns.map(\.name)))
    }
}

extension InitialisationPlan {
    /// - Parameter captured: the table as it is captured already, perhaps under another spelling of its name.
    fileprivate mutating func add(
        _ name: TableName, as captured: CapturedTable?, countingRows: Bool, _ connection: PostgresConnection
    ) throws(StoreError) {
        guard let found = try Catalog(connection).table(name), !found.key.isEmpty else { return }
        guard Set(found.key).isSubset(of: found.columns.map(\.name)) else {
            refusals.append("table \"\(name)\" has a generated column in its primary key; leave it out of tables")
            return
        }
        let capture = CaptureSQL(
            tableID: captured?.id ?? 0, relation: name.sql, key: found.keyColumns, isPartitioned: found.isPartitioned,
            route: .fixed(""))
        let present = try connection.run(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal", [name.sql], "triggers")
        let names = Set((0..<present.rowCount).map { present.text($0, 0) })
        let missing = capture.triggers.map(\.name).filter { !names.contains($0) }
        var rows: Int?
        if captured == nil, countingRows {
            rows = try connection.run("SELECT count(*) FROM \(name.sql)", [], "count rows").integer(0, 0)
        }
        tables.append(
            Table(
                name: captured?.name ?? name.withoutDefaultSchema, key: found.key, isNew: captured == nil, rows: rows,
                triggers: missing.map { $0.replacing("trunkline_", with: "") }))
    }
}
