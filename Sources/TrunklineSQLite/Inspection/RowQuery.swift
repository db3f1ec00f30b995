internal import GRDB
internal import TrunklineCore

/// The rows of one table with their sync state.
struct RowQuery {
    let table: TableName
    let shape: TableShape
    let filter: RowFilter
    let isHead: Bool
    let db: Database

    var name: String { TableName.quoted(shape.name) }
    var columns: [WireColumn] { shape.wireColumns }
    private var keyIndices: [Int] { shape.key.map { key in columns.firstIndex { $0.name == key }! } }
    /// Of the table's columns, and of its key.
    var list: String { columns.map { "\(name).\(TableName.quoted($0.name))" }.joined(separator: ", ") }
    var order: String { shape.key.map { "\(name).\(TableName.quoted($0))" }.joined(separator: ", ") }

    /// What is set aside of a table that is not there, or that nothing is stored in: its keys.
    static func setAsideAlone(_ table: TableName, _ filter: RowFilter, _ db: Database) throws -> RowListing? {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT stream, iif(key IN \(RowKey.wholeTablesInSQL), '\(ReceivedLine.allRows)', key) AS key, reason FROM trunkline_set_aside
                WHERE table_name = ?1 AND (?2 IS NULL OR stream = ?2)
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

    /// Rows that others sent: stored ones, then those of which an image is set aside: what was sent.
    func ofOthers() throws -> RowListing {
        // All of them where stored rows are listed, each of which may be one of these.
        let setAside = try setAsideRows(atMost: filter.states == [.setAside] ? filter.limit : .max)
        var rows: [RowListing.Row] = []
        if filter.states.isEmpty || filter.states.contains(.acked) {
            let branch = filter.branch.map { isHead ? "\(name).branch_id = '\($0)'" : "TRUE" } ?? "TRUE"
            let keys = columns.indices.filter { shape.key.contains(columns[$0].name) }
            let aside = Set(setAside.map { row in keys.map { row.values[$0] } })
            rows = try fetch(
                """
                SELECT 'acked', NULL, NULL, \(list) FROM \(name) WHERE \(branch) AND ?1 IS NOT NULL
                ORDER BY \(order) LIMIT \(filter.limit + aside.count)
                """
            ).filter { row in !aside.contains(keys.map { row.values[$0] }) }
        }
        if filter.states.isEmpty || filter.states.contains(.setAside) { rows += setAside }
        return RowListing(columns: columns.map(\.name), rows: Array(rows.prefix(filter.limit)))
    }

    private func setAsideRows(atMost limit: Int) throws -> [RowListing.Row] {
        try linesOfOthers(atMost: limit).map { one in
            var values = one.line.values(of: columns.map(\.name))
            if isHead, let branch = columns.firstIndex(where: { $0.name == TableMapping.branchColumn }) {
                values[branch] = one.sender.description
            }
            return RowListing.Row(state: .setAside, values: values, deleted: one.line.isDelete, reason: one.reason)
        }
    }

    /// What others sent and is set aside.
    /// - Parameter limit: no more streams are looked at when there are as many.
    func linesOfOthers(atMost limit: Int = .max) throws -> [RowListing.SetAsideLine] {
        let streams = try String.fetchAll(
            db, sql: "SELECT DISTINCT stream FROM trunkline_set_aside WHERE table_name = ?",
            arguments: [table.description])
        var lines: [RowListing.SetAsideLine] = []
        for stream in streams.compactMap({ StreamID($0) })
        where !isHead || filter.branch == nil || filter.branch == stream.source {
            guard lines.count < limit else { break }
            lines += try SetAsideRows(stream, db).lines(of: table).map { line, reason in
                RowListing.SetAsideLine(sender: stream.source, line: line, reason: reason)
            }
        }
        return lines
    }

    func fetch(_ sql: String) throws -> [RowListing.Row] {
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

    func text(_ value: SQLiteValue, as kind: WireKind) -> String? {
        var field: [UInt8] = []
        _ = value.withRaw { FieldWriter.append($0, as: kind, to: &field) }
        return CopyText.value(field[...])
    }

    /// The key's values in the places of its columns.
    func spread(_ key: [String?]) -> [String?] {
        var values = [String?](repeating: nil, count: columns.count)
        for (index, value) in zip(keyIndices, key) { values[index] = value }
        return values
    }

    func stateFilter(_ expression: String) -> String {
        guard !filter.states.isEmpty else { return "TRUE" }
        return "\(expression) IN (\(filter.states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")))"
    }
}
