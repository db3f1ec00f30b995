import TrunklineCore

extension PostgresReceiving {
    func rows(of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits) throws(StoreError)
        -> FoundRows
    {
        guard !keys.isEmpty else { return FoundRows(considered: 0) }
        let operation = "read rows by their keys"
        try connection.script("SAVEPOINT keyed", operation)
        do throws(StoreError) {
            let found = try KeyedRows(table, try target(of: table, stream), stream, connection).read(keys, limits)
            try connection.script("RELEASE keyed", operation)
            return found
        } catch {
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO keyed; RELEASE keyed", operation)
            guard keys.count > 1 else {
                let problem = "its row cannot be read here: \(error.reasonWithoutValues)"
                return FoundRows(rows: [FoundRows.Row(index: 0, content: .problem(problem))], considered: 1)
            }
        }
        // A key that the column here cannot hold, or a row that cannot be said in UTF-8, is found by halves.
        let middle = keys.count / 2
        let first = try rows(of: Array(keys[..<middle]), table, of: stream, limits)
        guard first.considered == middle else { return first }
        let room = ReadLimits(batchBytes: max(0, limits.batchBytes - first.bytes), rowBytes: limits.rowBytes)
        return first.adding(try rows(of: Array(keys[middle...]), table, of: stream, room))
    }

    func lock(_ keys: [RowKey], _ table: TableHeader, of stream: StreamID) throws(StoreError) {
        guard !keys.isEmpty else { return }
        let operation = "lock rows"
        // Each of many rows is waited for in turn: nobody else waits for this stream meanwhile.
        try connection.script("SAVEPOINT locked; SET LOCAL lock_timeout = '10s'", operation)
        do throws(StoreError) {
            try KeyedRows(table, try target(of: table, stream), stream, connection).lock(keys)
            try connection.script(
                "SET LOCAL lock_timeout = '\(PostgresStore.lockPatience)s'; RELEASE locked", operation)
        } catch {
            // A key that the column here cannot hold has no row here.
            guard error.isOfRowOrTable, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO locked; RELEASE locked", operation)
        }
    }
}

extension FoundRows {
    fileprivate var bytes: Int {
        rows.reduce(0) { sum, row in
            if case .line(let line) = row.content { sum + line.text.count } else { sum }
        }
    }
}

/// Reads rows of a receiver's table by the sender's keys, as lines of the sender's shape.
private struct KeyedRows {
    private let table: TableHeader
    private let target: Target
    private let columns: [Catalog.TableColumn]
    private let stream: StreamID
    private let connection: PostgresConnection

    init(
        _ table: TableHeader, _ target: Target, _ stream: StreamID, _ connection: PostgresConnection
    ) throws(StoreError) {
        self.table = table
        self.target = target
        self.stream = stream
        self.connection = connection
        let names = Set(table.columns.map(\.name))
        columns = try Catalog(connection).table(table.name)?.columns.filter { names.contains($0.name) } ?? []
    }

    /// They are measured by the server before they are fetched.
    func read(_ keys: [RowKey], _ limits: ReadLimits) throws(StoreError) -> FoundRows {
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

    func lock(_ keys: [RowKey]) throws(StoreError) {
        try connection.run("SELECT FROM \(joined(keys)) ORDER BY k.n FOR UPDATE OF t", [], "lock rows")
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
