internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// Reads the current images of the keys that a batch covers, in the caller's transaction.
struct BatchReader {
    let batch: ClaimedBatch
    let limits: ReadLimits
    let db: Database
    private(set) var notices: SenderNotices
    /// Changes of tables that stand still: nothing is known of their rows now.
    private(set) var held: [HeldChanges.Line] = []
    /// Whether it is a batch of a load of such a table.
    private(set) var holdsPiece = false
    /// Why some tables' rows could not be read, which stand still from now on.
    private(set) var problems: [ReadingProblem] = []
    /// Tables whose rows can be read again.
    private(set) var mended: [SyncedTable] = []
    private var bytes = 0
    private var images = 0

    init(batch: ClaimedBatch, limits: ReadLimits, db: Database) throws {
        self.batch = batch
        self.limits = limits
        self.db = db
        // What other streams take over is refused for all of them.
        notices = try SenderNotices(stream: batch.sharedContent == nil ? batch.stream : nil, db)
    }

    /// The changed keys of one table, in the order of their first change.
    private struct Changes {
        var keys: [String] = []
        var areAllInserts = true
        var destinations: Set<String> = []
    }

    mutating func read() throws -> BatchReading {
        if let piece = try LoadPiece.find(batch, db) { return try read(piece) }
        let changes = try changes()
        var tables: [TableName: (table: SyncedTable, shape: TableShape)] = [:]
        for table in try SyncedTable.all(db) where changes[table.id] != nil {
            if table.isReadable, let shape = try TableKind.find(table.name.inSQLite, in: db).shape {
                tables[table.name] = (table, shape)
            } else {
                hold(changes[table.id]!, of: table)
            }
        }
        var content: [TableContent] = []
        for name in TableShape.foreignKeyOrder(tables.mapValues(\.shape)) {
            let (table, shape) = tables[name]!
            let changed = changes[table.id]!
            var one = TableContent(
                name: name, key: shape.key, columns: shape.wireColumns, allNew: changed.areAllInserts)
            one.conflict = table.conflict?.description
            let scope = RowScope(table: table).conditions(for: batch.stream.destination.description)
            var keys = changed.keys.makeIterator()
            let noticesBefore = notices
            do {
                let isRead = try ReadingProblem.isolate(table) {
                    try read(of: shape, scope, stamps(table, shape, isLoad: false), into: &one) {
                        while let text = keys.next() {
                            if let key = KeyText.values(text, count: shape.key.count) { return key }
                        }
                        return nil
                    }
                }
                guard isRead else { return tooLarge(rows: batch.changes) }
            } catch let problem as ReadingProblem {
                notices = noticesBefore
                problems.append(problem)
                hold(changed, of: table)
                continue
            }
            if table.readingProblem != nil { mended.append(table) }
            if one.rowCount + one.deleteCount > 0 { content.append(one) }
        }
        return .content(content)
    }

    private mutating func hold(_ changed: Changes, of table: SyncedTable) {
        for destination in changed.destinations.sorted() {
            held += changed.keys.map { HeldChanges.Line(table: table.id, key: $0, destination: destination) }
        }
    }

    /// Of a load: the rows that are there, and no deletes but in a sweep.
    private mutating func read(_ piece: LoadPiece) throws -> BatchReading {
        guard let table = try SyncedTable.all(db).first(where: { $0.id == piece.table }) else { return .content([]) }
        guard table.isReadable, let shape = try TableKind.find(table.name.inSQLite, in: db).shape else {
            holdsPiece = true
            return .content([])
        }
        do {
            let reading = try ReadingProblem.isolate(table) { try read(piece, of: table, shape) }
            if table.readingProblem != nil { mended.append(table) }
            return reading
        } catch let problem as ReadingProblem {
            problems.append(problem)
            holdsPiece = true
            return .content([])
        }
    }

    private mutating func read(_ piece: LoadPiece, of table: SyncedTable, _ shape: TableShape) throws -> BatchReading {
        let scope = RowScope(table: table).conditions(for: batch.stream.destination.description)
        let walk = try KeyWalk(
            shape, after: piece.after, through: piece.through, conditions: piece.sweeps ? [] : scope, db)
        defer { walk.end() }
        var one = TableContent(
            name: table.name, key: shape.key, columns: shape.wireColumns, allNew: piece.isNew && batch.attempt == 1)
        one.conflict = table.conflict?.description
        var rows = 0
        let isRead = try read(of: shape, scope, stamps(table, shape, isLoad: true), into: &one) {
            while let step = try walk.next() {
                guard step.isWanted else { continue }
                rows += 1
                return step.key
            }
            return nil
        }
        guard isRead else { return tooLarge(rows: rows) }
        return .content(one.rowCount + one.deleteCount > 0 ? [one] : [])
    }

    private func stamps(_ table: SyncedTable, _ shape: TableShape, isLoad: Bool) -> RowStamps? {
        guard table.conflict != nil else { return nil }
        return RowStamps(table: table, shape: shape, stream: batch.stream, isLoad: isLoad, db: db)
    }

    private func tooLarge(rows: Int) -> BatchReading {
        let perImage = max(1, bytes / max(1, images))
        return .tooLarge(fitting: max(1, min(max(batch.changes, rows) - 1, limits.batchBytes / perImage)))
    }

    private func changes() throws -> [Int64: Changes] {
        var changes: [Int64: Changes] = [:]
        let lines = StreamLines.query(
            batch.stream.destination.description, "table_id, key, op, seq, destination",
            where: "seq BETWEEN ?1 AND ?2")
        let range = try Row.fetchOne(
            db, sql: "SELECT from_seq, to_seq FROM trunkline_batch WHERE stream = ? AND number = ? AND id = ?",
            arguments: [batch.stream.description, batch.number, batch.id.uuidString])
        guard let range else { return [:] }
        let statement = try db.makeStatement(
            sql: """
                SELECT table_id, key, min(op = 'insert'), max(destination = 'all'), max(destination <> 'all')
                FROM (\(lines))
                GROUP BY table_id, key ORDER BY min(seq)
                """)
        let rows = try Row.fetchCursor(statement, arguments: [range["from_seq"] as Int64, range["to_seq"] as Int64])
        let own = batch.stream.destination.description
        while let row = try rows.next() {
            let table: Int64 = row[0]
            changes[table, default: Changes()].keys.append(row[1])
            if row[2] == 0 { changes[table]!.areAllInserts = false }
            if row[3] == 1 { changes[table]!.destinations.insert(OfficeID.all.description) }
            if row[4] == 1 { changes[table]!.destinations.insert(own) }
        }
        return changes
    }

    /// - Returns: false when the limit of bytes is passed.
    /// - Parameters:
    ///   - scope: which rows the stream has; any other key is that of a row that is not there.
    ///   - stamps: of a shared table.
    ///   - next: the keys.
    private mutating func read(
        of shape: TableShape, _ scope: [String], _ stamps: RowStamps?, into content: inout TableContent,
        next: () throws -> [SQLiteValue]?
    ) throws -> Bool {
        let images = try RowImages(shape, rowBytes: limits.rowBytes, scope: scope, db)
        let twins = KeyTwins(shape, images, scope: scope, db)
        var seen: Set<RowKey> = []
        var line: [UInt8] = []
        while var values = try next() {
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
                }
            }
            line.removeAll(keepingCapacity: true)
            var image = try images.read(values, into: &line)
            func entry() -> SenderNotices.Entry {
                guard spelling == nil else { return BatchReader.twinEntry(content.name, values) }
                return SenderNotices.Entry(
                    table: content.name, localKey: KeyText.text(of: values), key: images.rowKey(values))
            }
            let shared = stamps == nil ? nil : SharedLimit.problem(line, key: images.rowKey(values))
            if let problem = image.problem ?? spelling ?? tooLong(line) ?? shared {
                // A row whose key cannot travel was never sent, so neither is its delete.
                if image.isRow { notices.refuse(entry(), reason: problem) } else { notices.accept(entry()) }
                continue
            }
            notices.accept(entry())
            if let stamps {
                guard let stamp = try stamps.stamp(values, isRow: image.isRow) else { continue }
                if stamp.isAnswer, image.isRow {
                    image = RowImages.Image(isRow: false)
                    line.removeAll(keepingCapacity: true)
                    _ = images.delete(values, into: &line)
                }
                line.removeLast()
                line.append(UInt8(ascii: "\t"))
                CopyText.append(try JSONText.encode(stamp), to: &line)
                line.append(UInt8(ascii: "\n"))
            }
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
            if max(batch.changes, self.images) > 1, bytes > limits.batchBytes { return false }
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
