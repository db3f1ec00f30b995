internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// Reads the current images of the keys that a batch covers, in the caller's transaction.
struct BatchReader {
    let batch: ClaimedBatch
    let limits: ReadLimits
    let db: Database
    private(set) var notices: SenderNotices
    /// Keys of tables that stand still, by the table's id: nothing is known of them now.
    private(set) var held: [Int64: [String]] = [:]
    private var bytes = 0
    private var images = 0

    init(batch: ClaimedBatch, limits: ReadLimits, db: Database) throws {
        self.batch = batch
        self.limits = limits
        self.db = db
        notices = try SenderNotices(stream: batch.stream, db)
    }

    /// The changed keys of one table, in the order of their first change.
    private struct Changes {
        var keys: [String] = []
        var areAllInserts = true
    }

    mutating func read() throws -> BatchReading {
        let changes = try changes()
        var tables: [TableName: (table: SyncedTable, shape: TableShape)] = [:]
        for table in try SyncedTable.all(db) where changes[table.id] != nil {
            if table.incomplete == nil, let shape = try TableKind.find(table.name.inSQLite, in: db).shape {
                tables[table.name] = (table, shape)
            } else {
                held[table.id] = changes[table.id]!.keys
            }
        }
        var content: [TableContent] = []
        for name in try order(tables.mapValues(\.shape)) {
            let (table, shape) = tables[name]!
            let changed = changes[table.id]!
            var one = TableContent(
                name: name, key: shape.key, columns: shape.wireColumns, allNew: changed.areAllInserts)
            guard try read(changed.keys, of: shape, into: &one) else {
                let perImage = max(1, bytes / max(1, images))
                return .tooLarge(fitting: max(1, min(batch.changes - 1, limits.batchBytes / perImage)))
            }
            if one.rowCount + one.deleteCount > 0 { content.append(one) }
        }
        return .content(content)
    }

    private func changes() throws -> [Int64: Changes] {
        var changes: [Int64: Changes] = [:]
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT c.table_id, c.key, min(c.op = 'insert') AS is_insert FROM trunkline_batch AS b
                JOIN trunkline_change AS c ON c.seq BETWEEN b.from_seq AND b.to_seq
                WHERE b.stream = ? AND b.number = ? AND b.id = ?
                GROUP BY c.table_id, c.key ORDER BY min(c.seq)
                """,
            arguments: [batch.stream.description, batch.number, batch.id.uuidString])
        while let row = try rows.next() {
            let table: Int64 = row[0]
            changes[table, default: Changes()].keys.append(row[1])
            if row[2] == 0 { changes[table]!.areAllInserts = false }
        }
        return changes
    }

    private func order(_ shapes: [TableName: TableShape]) throws -> [TableName] {
        let byName = Dictionary(
            shapes.keys.map { ($0.inSQLite.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
        return ForeignKeyOrder.sort(
            Array(shapes.keys),
            parents: shapes.mapValues { Set($0.foreignKeys.compactMap { byName[$0.parent.lowercased()] }) })
    }

    /// - Returns: false when the limit of bytes is passed.
    private mutating func read(_ keys: [String], of shape: TableShape, into content: inout TableContent) throws -> Bool
    {
        let images = try RowImages(shape, rowBytes: limits.rowBytes, db)
        let twins = KeyTwins(shape, images, db)
        var seen: Set<RowKey> = []
        var line: [UInt8] = []
        for changedKey in keys {
            guard var values = KeyText.values(changedKey, count: shape.key.count) else { continue }
            var localKey = changedKey
            var spelling: String?
            if let twins, images.problem(ofKey: values) == nil {
                spelling = twins.problem(of: values)
                if spelling == nil {
                    let key = images.rowKey(values)
                    guard seen.insert(twins.identity(of: key)).inserted else { continue }
                    let rows = try twins.find(key)
                    for twin in rows.dropFirst() {
                        notices.refuse(BatchReader.twinEntry(content.name, twin), reason: KeyTwins.reason)
                    }
                    if !rows.contains(values) { notices.accept(BatchReader.twinEntry(content.name, values)) }
                    values = rows.first ?? values
                    localKey = KeyText.text(of: values)
                }
            }
            line.removeAll(keepingCapacity: true)
            let image = try images.read(values, into: &line)
            func entry() -> SenderNotices.Entry {
                guard spelling == nil else { return BatchReader.twinEntry(content.name, values) }
                return SenderNotices.Entry(table: content.name, localKey: localKey, key: images.rowKey(values))
            }
            if let problem = image.problem ?? spelling ?? tooLong(line) {
                // A row whose key cannot travel was never sent, so neither is its delete.
                if image.isRow { notices.refuse(entry(), reason: problem) } else { notices.accept(entry()) }
                continue
            }
            notices.accept(entry())
            if image.isRow {
                content.misfits += image.misfits.map {
                    Misfit(row: content.rowCount, column: $0.column, storage: $0.storage)
                }
                content.rows += line
                content.rowCount += 1
            } else {
                content.deletes += line
                content.deleteCount += 1
            }
            bytes += line.count
            self.images += 1
            if batch.changes > 1, bytes > limits.batchBytes { return false }
        }
        return true
    }

    /// Of a row that means the same key as another: its own spelling tells it from that.
    private static func twinEntry(_ table: TableName, _ key: [SQLiteValue]) -> SenderNotices.Entry {
        let texts = key.map { value -> String? in
            var field: [UInt8] = []
            _ = value.withRaw { FieldWriter.append($0, as: .text, to: &field) }
            return CopyText.value(field[...])
        }
        return SenderNotices.Entry(table: table, localKey: KeyText.text(of: key), key: RowKey(texts))
    }

    private func tooLong(_ line: [UInt8]) -> String? {
        line.count > limits.rowBytes ? "the row is \(line.count) bytes; the limit is \(limits.rowBytes)" : nil
    }
}
