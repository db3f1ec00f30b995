public import FoundationEssentials
public import TrunklineCore

extension PostgresStore {
    public func status() throws(StoreError) -> [StreamStatus] {
        try withConnection { (connection) throws(StoreError) in
            try sendingStatus(connection) + receivingStatus(connection)
        }
    }

    private func sendingStatus(_ connection: PostgresConnection) throws(StoreError) -> [StreamStatus] {
        let result = try connection.query(InspectionStatements.sending)
        let standing =
            result.rowCount == 0
            ? [] : try CaptureState.all(connection).filter(\.table.captured).compactMap(\.standstill)
        return (0..<result.rowCount).compactMap { row in
            guard let stream = StreamID(result.text(row, 0)) else { return nil }
            var status = StreamStatus(stream: stream, direction: .sending)
            status.epoch = UUID(uuidString: result.text(row, 1))
            status.pending = result.integer(row, 2)!
            status.inFlightChanges = result.integer(row, 3)!
            status.inFlightBatches = result.integer(row, 4)!
            status.ackedRows = result.integer(row, 5)!
            status.setAside = result.integer(row, 6)!
            status.setAsideTables = tables(result.value(row, 15))
            status.untakenTables = tables(result.value(row, 19))
            status.watermark = Int64(result.integer(row, 7)!)
            status.lastFormed = Int64(result.integer(row, 8)!)
            status.oldestUnackedSeconds = result.value(row, 9).flatMap { Double($0) }
            status.lastContactSeconds = result.value(row, 10).flatMap { Double($0) }
            status.stopped = result.value(row, 11)
            status.held = result.value(row, 14)
            status.standing = standing
            status.differences = differences(result.text(row, 17))
            status.awaitsUpgrade = result.flag(row, 18)
            status.recovery = result.value(row, 12).flatMap(RecoveryMode.init(rawValue:))
            status.lastRecovery = result.value(row, 13).flatMap {
                try? JSONText.decode(RecoveryReport.self, $0, "report of a recovery")
            }
            return status
        }
    }

    private func differences(_ json: String) -> [TableDifference] {
        (try? JSONText.decode([TableDifference].self, json, "differences")) ?? []
    }

    private func tables(_ json: String?) -> [TableName] {
        let names = json.flatMap { try? JSONText.decode([String].self, $0, "names of tables") }
        return (names ?? []).compactMap { TableName(parsing: $0) }
    }

    private func receivingStatus(_ connection: PostgresConnection) throws(StoreError) -> [StreamStatus] {
        let result = try connection.query(InspectionStatements.receiving)
        return (0..<result.rowCount).compactMap { row in
            guard let stream = StreamID(result.text(row, 0)) else { return nil }
            var status = StreamStatus(stream: stream, direction: .receiving)
            status.epoch = UUID(uuidString: result.text(row, 1))
            status.pending = result.integer(row, 2)!
            status.ackedRows = result.integer(row, 3)!
            status.setAside = result.integer(row, 4)!
            status.setAsideTables = tables(result.value(row, 9))
            status.untakenTables = tables(result.value(row, 13))
            status.watermark = Int64(result.integer(row, 5)!)
            status.lastFormed = status.watermark
            status.lastContactSeconds = result.value(row, 6).flatMap { Double($0) }
            status.stopped = result.value(row, 7)
            status.held = result.value(row, 8)
            status.recovery = result.value(row, 10).flatMap(RecoveryMode.init(rawValue:))
            status.clockAheadSeconds = result.integer(row, 11).map { Double($0) / 1_000 }
            status.differences = differences(result.text(row, 12))
            return status
        }
    }

    public func tablesHoldingRows(
        of branch: OfficeID, besides tables: [TableName]
    ) throws(StoreError) -> [TableName] {
        try withConnection { (connection) throws(StoreError) in
            let known = Set(tables.map(\.sql))
            var holding: [TableName] = []
            for table in try Target.tables(connection) where !known.contains(table.sql) {
                do throws(StoreError) {
                    let found = try connection.run(
                        "SELECT EXISTS (SELECT FROM \(table.sql) WHERE branch_id::text = $1)", [branch.description],
                        "look for rows")
                    if found.flag(0, 0) { holding.append(table) }
                } catch {
                    guard error.isOfRowOrTable, connection.isOpen else { throw error }
                }
            }
            return holding.sorted()
        }
    }

    public func rows(of given: TableName, matching filter: RowFilter) throws(StoreError) -> RowListing {
        let table = given.inDefaultSchema
        return try withConnection { (connection) throws(StoreError) in
            let office = try connection.query(Statements.office)
            let atHead = office.rowCount == 1 && office.text(0, 1) == OfficeRole.head.rawValue
            let sent = try SyncedTable.all(connection).filter(\.captured)
            let captured = sent.map(\.name)
            let synced = sent.first { $0.name == table }
            let isSent = synced != nil
            let received = try atHead ? Target.tables(connection) : Target.accepted(connection)
            let standing =
                isSent
                ? try CaptureState.all(connection).first { $0.table.captured && $0.table.name == table }?.standstill
                : nil
            guard isSent || received.contains(table), let found = try Catalog(connection).table(table) else {
                if !isSent, let listing = try setAsideAlone(connection, table, filter) { return listing }
                guard let standing else { throw StoreError.notSynced(table, synced: captured + received) }
                throw StoreError(.table, operation: "rows", subject: "table \"\(table)\"", reason: standing.reason)
            }
            let result =
                if let synced {
                    try sentRows(connection, found, synced, filter)
                } else {
                    try connection.run(
                        receivedRows(found, filter, atHead: atHead, named: connection.portable(table.description)), [],
                        "list rows")
                }
            let columns = found.columns.map(\.name)
            var listing = RowListing(
                columns: columns,
                rows: (0..<result.rowCount).compactMap { row in
                    RowState(rawValue: result.text(row, 0)).map { state in
                        RowListing.Row(
                            state: state, values: columns.indices.map { result.value(row, $0 + 3) },
                            deleted: result.flag(row, 1), reason: result.value(row, 2).map(connection.unportable))
                    }
                })
            if !isSent { try showWhatWasSent(result, atHead: atHead, in: &listing) }
            listing.standing = standing?.reason
            if isSent, filter.states.contains(.setAside) {
                listing.add(try linesOfOthers(connection, table, filter), atMost: filter.limit)
            }
            return listing
        }
    }

    /// What is set aside of a table that is not there, or that nothing is stored in: its keys.
    private func setAsideAlone(
        _ connection: PostgresConnection, _ table: TableName, _ filter: RowFilter
    ) throws(StoreError) -> RowListing? {
        let result = try connection.run(
            """
            SELECT split_part(stream, '>', 1), CASE WHEN key IN \(RowKey.wholeTablesInSQL) THEN '\(ReceivedLine.allRows)' ELSE key END, reason FROM trunkline.set_aside
            WHERE table_name = $1 AND ($2::text IS NULL OR stream = $2) ORDER BY stream, key LIMIT \(filter.limit)
            """,
            [connection.portable(table.description), filter.branch.map { StreamID(from: $0, to: .head).description }],
            "list rows")
        guard result.rowCount > 0 else { return nil }
        return RowListing(
            columns: RowListing.keyColumns,
            rows: (0..<result.rowCount).map { row in
                RowListing.Row(
                    state: .setAside, values: [result.text(row, 0), connection.unportable(result.text(row, 1))],
                    reason: connection.unportable(result.text(row, 2)))
            })
    }

    /// What others sent of a table that this office sends itself, and is set aside.
    private func linesOfOthers(
        _ connection: PostgresConnection, _ table: TableName, _ filter: RowFilter
    ) throws(StoreError) -> [RowListing.SetAsideLine] {
        let found = try connection.run(
            """
            SELECT stream, shape, op, encode(line, 'hex'), reason FROM trunkline.set_aside
            WHERE table_name = $1 AND ($2::text IS NULL OR stream = $2) ORDER BY stream, id LIMIT \(filter.limit)
            """,
            [connection.portable(table.description), filter.branch.map { StreamID(from: $0, to: .head).description }],
            "list rows")
        let shapes = try connection.shapes(found, column: 1)
        return (0..<found.rowCount).compactMap { row in
            guard let shape = shapes[found.text(row, 1)], let stream = StreamID(found.text(row, 0)) else { return nil }
            return RowListing.SetAsideLine(
                sender: stream.source,
                line: shape.line(op: found.text(row, 2), hex: found.text(row, 3)),
                reason: connection.unportable(found.text(row, 4)))
        }
    }

    /// Existing rows come before deletes, so that the first rows of the table are the first of the list; the whole table is
    /// read only where too few of them are in the wanted states.
    private func sentRows(
        _ connection: PostgresConnection, _ table: Catalog.Table, _ synced: SyncedTable, _ filter: RowFilter
    ) throws(StoreError) -> PostgresResult {
        let window = filter.states.isEmpty ? filter.limit : max(filter.limit, Self.firstLook)
        let first = try connection.run(sentRows(table, synced, filter, first: window), [], "list rows")
        return first.rowCount == filter.limit
            ? first : try connection.run(sentRows(table, synced, filter, first: nil), [], "list rows")
    }

    /// In rows.
    private static let firstLook = 10_000

    private func sentRows(
        _ table: Catalog.Table, _ synced: SyncedTable, _ filter: RowFilter, first: Int?
    ) -> String {
        let keyColumns = table.key.map(\.identifier).joined(separator: ", ")
        let stream = filter.branch.map { StreamID(from: .head, to: $0).description.literal } ?? "NULL"
        // The same rows as those whose states are told.
        let source = filter.branch.map(synced.rows) ?? table.name.sql
        let rows =
            first.map { "(SELECT * FROM \(source) first ORDER BY \(keyColumns) LIMIT \($0))" } ?? table.name.sql
        let columns = table.columns.map { column in
            guard let index = table.key.firstIndex(of: column.name) else { return "t.\(column.name.identifier)::text" }
            return "coalesce(t.\(column.name.identifier)::text, r.key[\(index + 1)])"
        }
        let join = table.key.enumerated().map { "t.\($0.element.identifier)::text = r.key[\($0.offset + 1)]" }
        let order = table.key.enumerated().map { "t.\($0.element.identifier), r.key[\($0.offset + 1)]" }
        return """
            SELECT r.state, r.deleted, r.reason, \(columns.joined(separator: ", "))
            FROM trunkline.row_states(\(table.name.description.literal), \(first.map(String.init) ?? "NULL"), \(stream)) r
            LEFT JOIN \(rows) t ON \(join.joined(separator: " AND "))
            WHERE true \(states(filter, "r.state"))
            ORDER BY \(order.joined(separator: ", ")) LIMIT \(filter.limit)
            """
    }

    /// Puts the image that the branch sent in the place of what is stored of a set-aside row, if anything is.
    private func showWhatWasSent(
        _ result: PostgresResult, atHead: Bool, in listing: inout RowListing
    ) throws(StoreError) {
        let first = 3 + listing.columns.count
        for row in listing.rows.indices {
            guard let op = result.value(row, first), let hex = result.value(row, first + 2) else { continue }
            let shape = try JSONText.decode(StoredShape.self, result.text(row, first + 1), "shape of a set-aside row")
            let branch = (atHead ? listing.columns.firstIndex(of: "branch_id") : nil).map {
                ($0, listing.rows[row].values[$0])
            }
            listing.rows[row].values = shape.line(op: op, hex: hex).values(of: listing.columns)
            if let branch { listing.rows[row].values[branch.0] = branch.1 }
        }
    }

    /// Stored rows, and the set-aside ones whose key is known, with what was sent of these.
    /// - Parameter name: of the table, as the bookkeeping has it.
    private func receivedRows(
        _ table: Catalog.Table, _ filter: RowFilter, atHead: Bool, named name: String
    ) -> String {
        func isBranch(_ column: String) -> Bool { atHead && column == TableMapping.branchColumn }
        let key = table.key.filter { !isBranch($0) }
        let keyText = "to_json(ARRAY[\(key.map { "t.\($0.identifier)::text" }.joined(separator: ", "))]::text[])::text"
        // Ours have names that no column of a user has.
        func ours(_ name: String) -> String { "trunkline:\(name)".identifier }
        let branch = atHead ? filter.branch.map { " AND \(ours("branch")) = \($0.description.literal)" } ?? "" : ""
        let columns = table.columns.map { column in
            isBranch(column.name)
                ? ours("branch")
                : key.firstIndex(of: column.name).map {
                    "coalesce(\(column.name.identifier), (trunkline.key_values(\(ours("key"))))[\($0 + 1)]) AS \(column.name.identifier)"
                }
                    ?? column.name.identifier
        }
        let values = table.columns.filter { !isBranch($0.name) }.map {
            "t.\($0.name.identifier)::text AS \($0.name.identifier)"
        }
        let aside = ["key", "reason", "op", "shape", "line"].map { "s.\($0) AS \(ours($0))" }
        let state = "CASE WHEN \(ours("key")) IS NULL THEN 'acked' ELSE 'set aside' END"
        return """
            SELECT \(state), coalesce(\(ours("op")) = 'delete', false), \(ours("reason")), \(columns.joined(separator: ", ")),
                \(ours("op")), (SELECT header FROM trunkline.set_aside_shape h WHERE h.id = \(ours("shape"))),
                encode(\(ours("line")), 'hex')
            FROM (
                SELECT \(atHead ? "coalesce(t.branch_id, split_part(s.stream, '>', 1))" : "'head'") AS \(ours("branch")),
                    \((aside + values).joined(separator: ", "))
                FROM \(table.name.sql) t FULL JOIN (
                    SELECT *, coalesce(to_json(trunkline.key_values(key))::text, key) AS own_key
                    FROM trunkline.set_aside WHERE table_name = \(name.literal)
                ) s ON \(atHead ? "split_part(s.stream, '>', 1) = t.branch_id AND " : "")s.own_key = \(keyText)
            ) q WHERE true\(branch) \(states(filter, state))
            ORDER BY \(([ours("branch")] + key.map(\.identifier)).joined(separator: ", ")) LIMIT \(filter.limit)
            """
    }

    private func states(_ filter: RowFilter, _ expression: String) -> String {
        guard !filter.states.isEmpty else { return "" }
        return "AND \(expression) IN (\(filter.states.map(\.rawValue.literal).sorted().joined(separator: ", ")))"
    }

    public func verificationResults(_ id: UUID) throws(StoreError) -> [VerificationResult] {
        try withConnection { (connection) throws(StoreError) in
            try VerificationRecord(connection).results(id)
        }
    }
}
