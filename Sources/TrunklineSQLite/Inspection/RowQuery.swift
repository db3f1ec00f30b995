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
        let states = "SELECT key, state FROM trunkline_row_status WHERE table_name = ?1"
        let list = columns.map { "t.\(TableName.quoted($0.name))" }.joined(separator: ", ")
        let order = shape.key.map { "t.\(TableName.quoted($0))" }.joined(separator: ", ")
        let key = KeyText.expression(of: shape, row: "t")
        let present = """
            SELECT coalesce(s.state, 'acked') AS state, NULL AS gone,
                (SELECT reason FROM trunkline_set_aside_notice AS n WHERE n.table_name = ?1 AND n.local_key = \(key) LIMIT 1),
                \(list)
            FROM \(name) AS t LEFT JOIN (\(states)) AS s ON s.key = \(key)
            WHERE \(stateFilter("coalesce(s.state, 'acked')")) ORDER BY \(order) LIMIT \(filter.limit)
            """
        var rows = try fetch(present)
        guard rows.count < filter.limit else { return RowListing(columns: columns.map(\.name), rows: rows) }
        let gone = try Row.fetchAll(
            db,
            sql: """
                SELECT s.key, s.state FROM (\(states)) AS s
                WHERE \(stateFilter("s.state")) AND NOT EXISTS (SELECT 1 FROM \(name) AS t WHERE \(key) = s.key)
                ORDER BY s.key LIMIT \(filter.limit - rows.count)
                """, arguments: [table.description])
        for row in gone {
            guard let values = KeyText.values(row["key"], count: shape.key.count) else { continue }
            rows.append(
                RowListing.Row(
                    state: RowState(rawValue: row["state"])!, values: spread(values.map { text($0, as: .text) }),
                    deleted: true))
        }
        return RowListing(columns: columns.map(\.name), rows: rows)
    }

    /// Stored rows, then set-aside ones that are not stored.
    func atHead() throws -> RowListing {
        let list = columns.map { "t.\(TableName.quoted($0.name))" }.joined(separator: ", ")
        let order = shape.key.map { "t.\(TableName.quoted($0))" }.joined(separator: ", ")
        let branch = filter.branch.map { "t.branch_id = '\($0)'" } ?? "TRUE"
        var rows: [RowListing.Row] = []
        if filter.states.isEmpty || filter.states.contains(.acked) {
            rows = try fetch(
                """
                SELECT 'acked', NULL, NULL, \(list) FROM \(name) AS t WHERE \(branch) AND ?1 IS NOT NULL
                ORDER BY \(order) LIMIT \(filter.limit)
                """)
        }
        guard filter.states.isEmpty || filter.states.contains(.setAside) else {
            return RowListing(columns: columns.map(\.name), rows: rows)
        }
        let streams = try String.fetchAll(
            db, sql: "SELECT DISTINCT stream FROM trunkline_set_aside WHERE table_name = ?",
            arguments: [table.description])
        for stream in streams.compactMap({ StreamID($0) }) where filter.branch == nil || filter.branch == stream.source
        {
            for notice in try SetAsideRows(stream, db).notices() where notice.table == table {
                guard rows.count < filter.limit else { break }
                let key = shape.key.filter { $0 != "branch_id" }
                var values = [String?](repeating: nil, count: columns.count)
                for (index, column) in columns.enumerated() {
                    if column.name == "branch_id" { values[index] = stream.source.description }
                    if let position = key.firstIndex(of: column.name), position < notice.key.values.count {
                        values[index] = notice.key.values[position]
                    }
                }
                rows.append(RowListing.Row(state: .setAside, values: values, reason: notice.reason))
            }
        }
        return RowListing(columns: columns.map(\.name), rows: rows)
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
