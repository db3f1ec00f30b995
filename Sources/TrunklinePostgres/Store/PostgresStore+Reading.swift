import FoundationEssentials
public import TrunklineCore

/// Building a batch's content: the current images of the keys that it covers.
extension PostgresStore {
    public func readBatch(_ batch: ClaimedBatch, limits: ReadLimits) throws(StoreError) -> BatchReading {
        guard batch.changes > 0 else { return .content([]) }
        return try withConnection { (connection) throws(StoreError) in
            var refused: [(table: TableName, key: String, reason: String)] = []
            var reading = BatchReading.content([])
            // A batch's keys are few beside its tables: nested loops over the primary key, whatever the statistics say.
            try connection.script(
                """
                BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_hashjoin = off;
                SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off
                """, "read batch")
            do throws(StoreError) {
                reading = try read(batch, limits, connection, &refused)
                try connection.script(connection.isFailed ? "ROLLBACK" : "COMMIT", "read batch")
            } catch {
                if connection.isOpen { try? connection.script("ROLLBACK", "read batch") }
                throw error
            }
            if case .content(let tables) = reading {
                try settleRefused(batch.stream.description, tables, refused, connection)
            }
            return reading
        }
    }

    private func read(
        _ batch: ClaimedBatch, _ limits: ReadLimits, _ connection: PostgresConnection,
        _ refused: inout [(table: TableName, key: String, reason: String)]
    ) throws(StoreError) -> BatchReading {
        let source = try ChangeSource(batch, connection)
        let parts = try source.tables(connection)
        let catalog = Catalog(connection)
        var contents: [TableContent] = []
        var bytes = 0
        let order = try catalog.foreignKeyOrder(parts.map(\.table.name))
        for name in order {
            let part = parts.first { $0.table.name == name }!
            guard let table = try catalog.table(name) else {
                throw StoreError(
                    .table, operation: "read batch", subject: "table \"\(name)\"", reason: "it does not exist any more",
                    hint: "create it again, or leave it out of tables and run \"trunkline init\"")
            }
            let keyCasts = part.table.key.map { key in table.columns.first { $0.name == key }?.castType ?? "text" }
            var content = TableContent(
                name: name, key: part.table.key,
                columns: table.columns.map { Column(name: $0.name, type: $0.wireType) },
                allNew: part.allNew && batch.attempt == 1)
            let join = zip(part.table.key, keyCasts).enumerated().map { index, pair in
                "t.\(pair.0.identifier) = c.key[\(index + 1)]::\(pair.1)"
            }.joined(separator: " AND ")
            let keys = source.keys(of: part)
            if batch.changes == 1, let size = try oversize(table, keys, join, limits.rowBytes, connection) {
                refused.append((name, size.key, "the row is \(size.bytes) bytes; the limit is \(limits.rowBytes)"))
                continue
            }
            let columns = table.columns.map { "t.\($0.name.identifier)" }.joined(separator: ", ")
            // For a key of one column an array is a quarter faster than a join; there are no arrays of arrays.
            let images =
                part.table.key.count == 1 && !keyCasts[0].hasSuffix("]")
                ? "\(part.table.relation) t WHERE t.\(part.table.key[0].identifier) = ANY (ARRAY(SELECT c.key[1]::\(keyCasts[0]) FROM (\(keys)) c))"
                : "(\(keys)) c JOIN \(part.table.relation) t ON \(join)"
            let whole = try connection.copyOut("COPY (SELECT \(columns) FROM \(images)) TO STDOUT", "read rows") {
                line in
                content.rows += line
                content.rowCount += 1
                return batch.changes == 1 || bytes + content.rows.count <= limits.batchBytes
            }
            bytes += content.rows.count
            guard whole else {
                let read = contents.reduce(content.rowCount) { $0 + $1.rowCount }
                return .tooLarge(fitting: max(1, Int(Double(read) * Double(limits.batchBytes) / Double(bytes) * 0.8)))
            }
            if content.rowCount < part.keys {
                let gone = zip(part.table.key, keyCasts).enumerated().map { "c.key[\($0.offset + 1)]" }.joined(
                    separator: ", ")
                _ = try connection.copyOut(
                    """
                    COPY (SELECT \(gone) FROM (\(keys)) c
                        WHERE NOT EXISTS (SELECT FROM \(part.table.relation) t WHERE \(join))) TO STDOUT
                    """, "read deletes"
                ) { line in
                    content.deletes += line
                    content.deleteCount += 1
                    return true
                }
            }
            contents.append(content)
        }
        return .content(contents)
    }

    /// The size of the only row of a batch, if it is over the limit; measured by the server before it is fetched.
    private func oversize(
        _ table: Catalog.Table, _ keys: String, _ join: String, _ limit: Int, _ connection: PostgresConnection
    ) throws(StoreError) -> (key: String, bytes: Int)? {
        let sizes = table.columns.map { "coalesce(octet_length(t.\($0.name.identifier)::text), 0)::bigint" }
        let result = try connection.run(
            """
            SELECT to_json(c.key), \(sizes.joined(separator: " + ")) FROM (\(keys)) c JOIN \(table.name.sql) t ON \(join)
            """, [], "measure row")
        guard result.rowCount == 1, let bytes = result.integer(0, 1), bytes > limit else { return nil }
        return (result.text(0, 0), bytes)
    }

    /// Notes rows that cannot travel, and forgets those that now did.
    private func settleRefused(
        _ stream: String, _ tables: [TableContent], _ refused: [(table: TableName, key: String, reason: String)],
        _ connection: PostgresConnection
    ) throws(StoreError) {
        if try connection.query(SenderStatements.anyOwnRefused, [stream]).flag(0, 0) {
            for table in tables {
                let keys = table.keys()
                for key in keys {
                    try connection.query(
                        SenderStatements.forgetOwnRefused, [stream, table.name.description, key.description])
                }
            }
        }
        for row in refused {
            try connection.query(SenderStatements.forgetOwnRefused, [stream, row.table.description, row.key])
            try connection.query(SenderStatements.keepRefused, [stream, row.table.description, row.key, row.reason])
        }
    }
}
