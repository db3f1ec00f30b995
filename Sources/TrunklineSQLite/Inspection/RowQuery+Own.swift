internal import GRDB
internal import TrunklineCore

extension RowQuery {
    /// Rows that this office writes, in key order, then deletes under way. A row's state is the least advanced one over the
    /// streams that it is for; with a branch in the filter, over its stream alone, and its rows alone.
    func ofThisOffice(_ synced: SyncedTable) throws -> RowListing {
        let states = try SendingStates(synced, shape, branch: filter.branch, db)
        let key = KeyText.expression(of: shape, row: name)
        let state = states.ofRow(key)
        let untaken = states.untaken.map { "'\($0.doubling("'"))'" } ?? "NULL"
        var rows = try fetch(
            """
            SELECT \(state), NULL AS gone,
                coalesce((SELECT \(states.reason) FROM trunkline_set_aside_notice AS n
                    WHERE n.table_name = ?1 AND n.local_key = \(key) AND \(states.isOfStream("n")) LIMIT 1), \(untaken)),
                \(list)
            FROM \(name) WHERE \(stateFilter(state)) AND \(states.scope) ORDER BY \(order) LIMIT \(filter.limit)
            """)
        rows += try gone(states, atMost: filter.limit - rows.count, key)
        rows += try refusedDeletes(states, atMost: filter.limit - rows.count)
        return RowListing(columns: columns.map(\.name), rows: rows)
    }

    /// Rows that are not there any more, or not for the branch, and of which the books still have something.
    private func gone(_ states: SendingStates, atMost limit: Int, _ key: String) throws -> [RowListing.Row] {
        guard limit > 0, filter.states != [.acked] else { return [] }
        let state = states.ofGoneRow("k.key")
        let known = try db.makeStatement(
            sql: """
                SELECT k.key, \(state) FROM (\(states.keys)) AS k
                WHERE \(stateFilter(state)) AND \(state) <> 'acked' AND ?1 IS NOT NULL ORDER BY k.key
                """)
        defer { known.rewind() }
        try SQLiteValue.text(Array(table.description.utf8)).bind(to: known, at: 1)
        let conditions = zip(shape.key, shape.keyCollations).map { column, collation in
            "\(name).\(TableName.quoted(column)) COLLATE \(TableName.quoted(collation)) IS ?"
        }
        let present = try db.makeStatement(
            sql:
                "SELECT 1 FROM \(name) WHERE \(conditions.joined(separator: " AND ")) AND \(key) = ? AND \(states.scope)"
        )
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

    /// Deletes that the other side set aside, and all rows of a table that it stores in part.
    private func refusedDeletes(_ states: SendingStates, atMost limit: Int) throws -> [RowListing.Row] {
        guard limit > 0, filter.states.isEmpty || filter.states.contains(.setAside) else { return [] }
        return try Row.fetchAll(
            db.makeStatement(
                sql: """
                    SELECT key, \(states.reason) AS reason FROM trunkline_set_aside_notice AS n
                    WHERE table_name = ? AND local_key IS NULL AND key <> '[]' AND \(states.isOfStream("n")) ORDER BY key LIMIT ?
                    """), arguments: [table.description, limit]
        ).map { row in
            let key = try JSONText.decode(RowKey.self, row["key"])
            let isDelete = key != .wholeTableInPart
            return RowListing.Row(
                state: .setAside, values: spread(isDelete ? key.values : [ReceivedLine.allRows]), deleted: isDelete,
                reason: row["reason"])
        }
    }
}
