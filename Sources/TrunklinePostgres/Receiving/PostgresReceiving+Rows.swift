import TrunklineCore

extension PostgresReceiving {
    func rows(of keys: [RowKey], _ table: TableHeader, of stream: StreamID, _ limits: ReadLimits) throws(StoreError)
        -> FoundRows
    {
        guard !keys.isEmpty else { return FoundRows(considered: 0) }
        let operation = "read rows by their keys"
        try connection.script("SAVEPOINT keyed", operation)
        do throws(StoreError) {
            let found = try KeyedRows(try target(of: table, stream), stream, connection).read(keys, of: table, limits)
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

    func lock(_ keys: [RowKey], _ table: TableHeader, of stream: StreamID) throws(StoreError) -> Set<Int> {
        guard !keys.isEmpty else { return [] }
        let rows = try lockRows(keys, table, of: stream)
        guard table.isShared else { return rows }
        // Other streams have those locked of which they looked at a line, also where they stored none.
        return rows.union(try lockVersions(of: keys, table))
    }

    private func lockRows(_ keys: [RowKey], _ table: TableHeader, of stream: StreamID) throws(StoreError) -> Set<Int> {
        let operation = "lock rows"
        let rows = KeyedRows(try target(of: table, stream), stream, connection)
        try connection.script("SAVEPOINT locked", operation)
        do throws(StoreError) {
            try rows.lock(keys)
            try connection.script("RELEASE locked", operation)
            return []
        } catch {
            // A key that the column here cannot hold has no row here.
            guard error.isOfRowOrTable || error.isOfLock, connection.isOpen else { throw error }
            try connection.script("ROLLBACK TO locked; RELEASE locked", operation)
            return error.isOfLock ? try rows.lockOthers(keys) : []
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
