internal import GRDB
internal import TrunklineCore

/// The rows of one table with their sync state.
struct RowQuery {
    let table: TableName
    let shape: TableShape
    let filter: RowFilter
    let db: Database

    private var name: String { TableName.quoted(shape.name) }
    private var columns: [WireColumn] { shape.wireColumns }
    private var keyIndices: [Int] { shape.key.map { key in columns.firstIndex { $0.name == key }! } }

    /// Rows in key order, then deletes under way.
    func atBranch() throws -> RowListing {
        let key = KeyText.expression(of: shape, row: "t")
        let list = columns.map { "t.\(TableName.quoted($0.name))" }.joined(separator: ", ")
        let order = shape.key.map { "t.\(TableName.quoted($0))" }.joined(separator: ", ")
        let state = try state(of: key)
        var rows = try fetch(
            """
            SELECT \(state), NULL AS gone,
                (SELECT reason FROM trunkline_set_aside_notice AS n WHERE n.table_name = ?1 AND n.local_key = \(key) LIMIT 1),
                \(list)
            FROM \(name) AS t WHERE \(stateFilter(state)) ORDER BY \(order) LIMIT \(filter.limit)
            """)
        rows += try gone(atMost: filter.limit - rows.count, key)
        rows += try refusedDeletes(atMost: filter.limit - rows.count)
        return RowListing(columns: columns.map(\.name), rows: rows)
    }

    /// An SQL expression for the state of a key, looked up in the books for that key alone. What is not in them is acked,
    /// unless the table is not fully loaded, or stands still.
    private func state(of key: String) throws -> String {
        guard let synced = try SyncedTable.all(db).first(where: { $0.name == table }) else { return "'acked'" }
        let isWhole = try synced.loadOperation == nil && !Capture.standingTables(db).contains { $0.table == table }
        let unacked = """
            FROM trunkline_change AS c WHERE c.table_id = \(synced.id) AND c.key = \(key)
                AND c.seq > (SELECT min(acked_seq) FROM trunkline_outbound)
            """
        let isSent = """
            EXISTS (SELECT 1 FROM trunkline_batch AS b
                WHERE b.state = 'sent' AND b.stream IN (SELECT stream FROM trunkline_outbound)
                    AND c.seq BETWEEN b.from_seq AND b.to_seq)
            """
        return """
            CASE WHEN EXISTS (SELECT 1 \(unacked) AND NOT \(isSent)) THEN 'pending'
                WHEN EXISTS (SELECT 1 \(unacked)) THEN 'sent'
                WHEN EXISTS (SELECT 1 FROM trunkline_held_change AS h
                    WHERE h.table_id = \(synced.id) AND h.key = \(key)) THEN 'pending'
                WHEN EXISTS (SELECT 1 FROM trunkline_set_aside_notice AS n
                    WHERE n.table_name = ?1 AND n.local_key = \(key)) THEN 'set aside'
                ELSE '\(isWhole ? "acked" : "pending")' END
            """
    }

    /// Rows that are not there any more and of which the books still have something.
    private func gone(atMost limit: Int, _ key: String) throws -> [RowListing.Row] {
        guard limit > 0, filter.states != [.acked] else { return [] }
        let state = try state(of: "k.key")
        let known = try db.makeStatement(
            sql: """
                SELECT k.key, \(state) FROM (
                    SELECT c.key FROM trunkline_change AS c JOIN trunkline_synced_table AS s ON s.id = c.table_id
                    WHERE s.name = ?1 AND c.seq > (SELECT min(acked_seq) FROM trunkline_outbound)
                    UNION SELECT h.key FROM trunkline_held_change AS h
                        JOIN trunkline_synced_table AS s ON s.id = h.table_id WHERE s.name = ?1
                    UNION SELECT local_key FROM trunkline_set_aside_notice
                    WHERE table_name = ?1 AND local_key IS NOT NULL
                ) AS k WHERE \(stateFilter(state)) ORDER BY k.key
                """)
        defer { known.rewind() }
        try SQLiteValue.text(Array(table.description.utf8)).bind(to: known, at: 1)
        let conditions = zip(shape.key, shape.keyCollations).map { column, collation in
            "t.\(TableName.quoted(column)) COLLATE \(TableName.quoted(collation)) IS ?"
        }
        let present = try db.makeStatement(
            sql: "SELECT 1 FROM \(name) AS t WHERE \(conditions.joined(separator: " AND ")) AND \(key) = ?")
        var rows: [RowListing.Row] = []
        while rows.count < limit, try known.stepOnce(db) {
            let local = SQLiteValue(known, column: 0)
            guard case .text(let bytes) = local,
                let values = KeyText.values(String(decoding: bytes, as: UTF8.self), count: shape.key.count),
                let state = text(SQLiteValue(known, column: 1), as: .text).flatMap(RowState.init(rawValue:))
            else { continue }
            defer { present.rewind() }
            for (index, value) in (values + [local]).enumerated() { try value.bind(to: present, at: index + 1) }
            guard try !present.stepOnce(db) else { continue }
            rows.append(
                RowListing.Row(state: state, values: spread(values.map { text($0, as: .text) }), deleted: true))
        }
        return rows
    }

    /// Deletes that the other side set aside.
    private func refusedDeletes(atMost limit: Int) throws -> [RowListing.Row] {
        guard limit > 0, filter.states.isEmpty || filter.states.contains(.setAside) else { return [] }
        return try Row.fetchAll(
            db,
            sql: """
                SELECT key, reason FROM trunkline_set_aside_notice WHERE table_name = ? AND local_key IS NULL
                ORDER BY key LIMIT ?
                """, arguments: [table.description, limit]
        ).map { row in
            let key = try JSONText.decode(RowKey.self, row["key"])
            return RowListing.Row(
                state: .setAside, values: spread(key.values.map { $0 }), deleted: true, reason: row["reason"])
        }
    }

    /// What is set aside at the head of a table that is not there, or that nothing is stored in: its keys.
    static func setAsideAlone(_ table: TableName, _ filter: RowFilter, _ db: Database) throws -> RowListing? {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT stream, key, reason FROM trunkline_set_aside WHERE table_name = ?1 AND (?2 IS NULL OR stream = ?2)
                ORDER BY stream, rowid LIMIT ?3
                """,
            arguments: [
                table.description, filter.branch.map { StreamID(from: $0, to: .head).description }, filter.limit,
            ])
        guard !rows.isEmpty else { return nil }
        return RowListing(
            columns: RowListing.keyColumns,
            rows: rows.map { row in
                let branch = StreamID(row["stream"] as String)?.source.description
                return RowListing.Row(state: .setAside, values: [branch, row["key"]], reason: row["reason"])
            })
    }

    /// Stored rows, then those of which an image is set aside: what the branch sent.
    func atHead() throws -> RowListing {
        // All of them where stored rows are listed, each of which may be one of these.
        let setAside = try setAsideAtHead(atMost: filter.states == [.setAside] ? filter.limit : .max)
        var rows: [RowListing.Row] = []
        if filter.states.isEmpty || filter.states.contains(.acked) {
            let list = columns.map { "t.\(TableName.quoted($0.name))" }.joined(separator: ", ")
            let order = shape.key.map { "t.\(TableName.quoted($0))" }.joined(separator: ", ")
            let branch = filter.branch.map { "t.branch_id = '\($0)'" } ?? "TRUE"
            let keys = columns.indices.filter { shape.key.contains(columns[$0].name) }
            let aside = Set(setAside.map { row in keys.map { row.values[$0] } })
            rows = try fetch(
                """
                SELECT 'acked', NULL, NULL, \(list) FROM \(name) AS t WHERE \(branch) AND ?1 IS NOT NULL
                ORDER BY \(order) LIMIT \(filter.limit + aside.count)
                """
            ).filter { row in !aside.contains(keys.map { row.values[$0] }) }
        }
        if filter.states.isEmpty || filter.states.contains(.setAside) { rows += setAside }
        return RowListing(columns: columns.map(\.name), rows: Array(rows.prefix(filter.limit)))
    }

    private func setAsideAtHead(atMost limit: Int) throws -> [RowListing.Row] {
        let streams = try String.fetchAll(
            db, sql: "SELECT DISTINCT stream FROM trunkline_set_aside WHERE table_name = ?",
            arguments: [table.description])
        var rows: [RowListing.Row] = []
        for stream in streams.compactMap({ StreamID($0) }) where filter.branch == nil || filter.branch == stream.source
        {
            guard rows.count < limit else { break }
            for (line, reason) in try SetAsideRows(stream, db).lines(of: table) {
                var values = line.values(of: columns.map(\.name))
                if let branch = columns.firstIndex(where: { $0.name == "branch_id" }) {
                    values[branch] = stream.source.description
                }
                rows.append(
                    RowListing.Row(state: .setAside, values: values, deleted: line.isDelete, reason: reason))
            }
        }
        return rows
    }

    private func fetch(_ sql: String) throws -> [RowListing.Row] {
        let statement = try db.makeStatement(sql: sql)
        defer { statement.rewind() }
        try SQLiteValue.text(Array(table.description.utf8)).bind(to: statement, at: 1)
        let kinds = columns.map { WireKind(wireType: $0.type) }
        var rows: [RowListing.Row] = []
        while try statement.stepOnce(db) {
            let fixed = (0..<3).map { text(SQLiteValue(statement, column: $0), as: .text) }
            let values = kinds.enumerated().map { text(SQLiteValue(statement, column: $0.offset + 3), as: $0.element) }
            guard let state = fixed[0].flatMap(RowState.init(rawValue:)) else { continue }
            rows.append(RowListing.Row(state: state, values: values, deleted: fixed[1] != nil, reason: fixed[2]))
        }
        return rows
    }

    private func text(_ value: SQLiteValue, as kind: WireKind) -> String? {
        var field: [UInt8] = []
        _ = value.withRaw { FieldWriter.append($0, as: kind, to: &field) }
        return CopyText.value(field[...])
    }

    /// The key's values in the places of its columns.
    private func spread(_ key: [String?]) -> [String?] {
        var values = [String?](repeating: nil, count: columns.count)
        for (index, value) in zip(keyIndices, key) { values[index] = value }
        return values
    }

    private func stateFilter(_ expression: String) -> String {
        guard !filter.states.isEmpty else { return "TRUE" }
        return "\(expression) IN (\(filter.states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")))"
    }
}
