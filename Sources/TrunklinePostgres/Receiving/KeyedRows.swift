internal import TrunklineCore

/// Reads rows of a receiver's table by the sender's keys, as lines of the sender's shape.
struct KeyedRows {
    private let target: Target
    private let stream: StreamID
    private let connection: PostgresConnection

    init(_ target: Target, _ stream: StreamID, _ connection: PostgresConnection) {
        self.target = target
        self.stream = stream
        self.connection = connection
    }

    /// They are measured by the server before they are fetched.
    func read(_ keys: [RowKey], of table: TableHeader, _ limits: ReadLimits) throws(StoreError) -> FoundRows {
        let names = Set(table.columns.map(\.name))
        let columns = try Catalog(connection).table(table.name)?.columns.filter { names.contains($0.name) } ?? []
        let size = RowSize(columns: columns, limit: limits.rowBytes).expression(of: "t")
        let sizes = try connection.run("SELECT k.n, \(size) FROM \(joined(keys)) ORDER BY k.n", [], "measure rows")
        var found = FoundRows(considered: keys.count)
        var chosen: [Int] = []
        var bytes = 0
        for row in 0..<sizes.rowCount {
            let (index, size) = (sizes.integer(row, 0)! - 1, sizes.integer(row, 1)!)
            guard size <= limits.rowBytes else {
                let problem = "the row is \(size) bytes; the limit is \(limits.rowBytes)"
                found.rows.append(FoundRows.Row(index: index, content: .problem(problem)))
                continue
            }
            bytes += size
            guard bytes <= limits.batchBytes else {
                found.considered = index
                break
            }
            chosen.append(index)
        }
        guard !chosen.isEmpty else { return found }
        let values = target.columns.map { column in
            let value = "t.\(column.name.identifier)"
            return column.fit.isUTC ? "\(value) AT TIME ZONE 'UTC'" : value
        }
        let list = (["k.n"] + values).joined(separator: ", ")
        _ = try connection.copyOut(
            "COPY (SELECT \(list) FROM \(joined(chosen.map { keys[$0] }))) TO STDOUT", "read rows"
        ) { bytes in
            let tab = bytes.firstIndex(of: UInt8(ascii: "\t"))!
            let number = Int(String(decoding: bytes[..<tab], as: UTF8.self))!
            let text = Array(bytes[(tab + 1)...])
            let line = ReceivedLine(table: table, isDelete: false, text: text[...])
            found.rows.append(FoundRows.Row(index: chosen[number - 1], content: .line(line)))
            return true
        }
        return found
    }

    /// In the order of the keys, as programs do that lock several.
    func lock(_ keys: [RowKey]) throws(StoreError) {
        let order = target.key.map { "t.\($0.identifier)" }.joined(separator: ", ")
        try connection.run("SELECT FROM \(joined(keys)) ORDER BY \(order) FOR UPDATE OF t", [], "lock rows")
    }

    /// Locks the rows that no other session has locked; nobody is waited for.
    /// - Returns: the indices of those that one has.
    func lockOthers(_ keys: [RowKey]) throws(StoreError) -> Set<Int> {
        try connection.script("SAVEPOINT others", "lock rows")
        do throws(StoreError) {
            let found = try connection.run(
                """
                WITH free AS MATERIALIZED (SELECT k.n FROM \(joined(keys)) FOR UPDATE OF t SKIP LOCKED)
                SELECT k.n FROM \(joined(keys)) WHERE k.n NOT IN (SELECT n FROM free)
                """, [], "lock rows")
            try connection.script("RELEASE others", "lock rows")
            return Set((0..<found.rowCount).map { found.integer($0, 0)! - 1 })
        } catch {
            // A key that the column here cannot hold: nobody knows which.
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO others; RELEASE others", "lock rows")
            return []
        }
    }

    /// The rows `t` of these keys, which are numbered `n` from 1.
    private func joined(_ keys: [RowKey]) -> String {
        let arrays = target.key.indices.map { index in
            TextArray.encode(keys.map { index < $0.values.count ? $0.values[index] ?? "" : "" }).literal + "::text[]"
        }
        let names = target.key.indices.map { "k\($0 + 1)" }
        let match = zip(target.key, names).map { column, name in
            let type = target.columns.first { $0.name == column }?.castType ?? "text"
            return "t.\(column.identifier) = k.\(name)::\(type)"
        }
        return """
            unnest(\(arrays.joined(separator: ", "))) WITH ORDINALITY AS k (\((names + ["n"]).joined(separator: ", ")))
            JOIN \(target.relation) t ON \((match + target.conditions(in: stream, of: "t")).joined(separator: " AND "))
            """
    }
}
