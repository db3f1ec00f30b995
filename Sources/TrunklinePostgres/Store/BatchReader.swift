internal import TrunklineCore

/// Reads the images of one batch's keys, in one snapshot.
struct BatchReader {
    private let batch: ClaimedBatch
    private let limits: ReadLimits
    private let connection: PostgresConnection
    /// Whether each row is looked at before it is fetched: what cannot be said in UTF-8 does not come.
    var looksClosely = false
    private(set) var refused: [RefusedRow] = []
    /// The tables of the batch that stand still: none of their changes is in the content.
    private(set) var standing: [SyncedTable] = []
    /// Why some of them do.
    private(set) var problems: [ReadingProblem] = []
    /// Tables whose rows can be read again.
    private(set) var mended: [SyncedTable] = []

    /// A code of our own: a row came that is over the limit, of which its measure had said nothing.
    static let mismeasured = "measure"

    init(_ batch: ClaimedBatch, _ limits: ReadLimits, _ connection: PostgresConnection) {
        self.batch = batch
        self.limits = limits
        self.connection = connection
    }

    /// A batch's keys are few beside its tables: nested loops over the primary key, whatever the statistics say.
    ///
    /// What another session committed without waiting for its disk is waited for at the end: the receiver gets nothing
    /// that a crash here could still take back.
    mutating func read() throws(StoreError) -> BatchReading {
        refused = []
        standing = []
        problems = []
        mended = []
        let begun = try connection.scriptResult(
            """
            BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_hashjoin = off;
            SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;
            SELECT pg_current_wal_insert_lsn()
            """, "read batch")
        let position = begun.text(0, 0)
        do throws(StoreError) {
            let reading = try readTables()
            let ended = try connection.scriptResult(
                "\(connection.isFailed ? "ROLLBACK" : "COMMIT"); SELECT pg_current_wal_flush_lsn() >= '\(position)'",
                "read batch")
            if !ended.flag(0, 0) {
                try connection.script("SELECT pg_logical_emit_message(true, 'trunkline', '')", "flush")
            }
            return reading
        } catch {
            if connection.isOpen { try? connection.script("ROLLBACK", "read batch") }
            throw error
        }
    }

    private mutating func readTables() throws(StoreError) -> BatchReading {
        let source = try ChangeSource(batch, connection)
        let states = try CaptureState.all(connection).filter { $0.table.captured && $0.isReadable }
        let readable = Set(states.map(\.table.id))
        let locked = Set(states.filter { $0.look == .locked }.map(\.table.id))
        let failed = Set(states.filter { $0.readingProblem != nil }.map(\.table.id))
        let isFirstPass = !looksClosely
        // What may be a row's own fault is looked for in the second pass.
        func passes(_ error: StoreError) -> Bool { isFirstPass && BatchReader.isOfRow(error) }
        let changed: [ChangeSource.Part]
        if let piece = try SyncedTable.all(connection).first(where: { $0.id == source.pieceTable }) {
            let counted = try ReadingProblem.isolate(piece, connection, passes: passes) {
                () throws(StoreError) in try source.tables(connection)
            }
            switch counted {
            case .success(let parts): changed = parts
            case .failure(let failure):
                standing = [piece]
                problems = [failure.problem]
                return .content([])
            }
        } else {
            changed = try source.tables(connection)
        }
        // What nobody lists any more travels no more.
        standing = changed.map(\.table).filter { $0.captured && !readable.contains($0.id) }
        problems = standing.filter { locked.contains($0.id) }.map(ReadingProblem.init(lockOf:))
        let parts = changed.filter { readable.contains($0.table.id) }
        let catalog = Catalog(connection)
        var contents: [TableContent] = []
        var bytes = 0
        for name in try catalog.foreignKeyOrder(parts.map(\.table.name)) {
            let part = parts.first { $0.table.name == name }!
            guard let table = try catalog.table(name) else { continue }
            let refusedBefore = refused
            let reading = try ReadingProblem.isolate(part.table, connection, passes: passes) {
                () throws(StoreError) in try readPart(part, table, source, bytes)
            }
            switch reading {
            case .failure(let failure):
                refused = refusedBefore
                standing.append(part.table)
                problems.append(failure.problem)
            case .success(.tooLarge(let bytes, let rows)):
                let read = contents.reduce(rows) { $0 + $1.rowCount }
                return .tooLarge(fitting: max(1, Int(Double(read) * Double(limits.batchBytes) / Double(bytes) * 0.8)))
            case .success(.content(let content)):
                if failed.contains(part.table.id) { mended.append(part.table) }
                bytes += content.rows.count
                if content.rowCount + content.deleteCount > 0 { contents.append(content) }
            }
        }
        return .content(contents)
    }

    /// Whether one row may be to blame: what cannot be said in UTF-8, and a key that is no value of its type any more, or
    /// of its domain.
    static func isOfRow(_ error: StoreError) -> Bool {
        ["22", "23"].contains(error.databaseCode?.prefix(2) ?? "") || error.databaseCode == mismeasured
    }

    private enum PartReading {
        case content(TableContent)
        /// - Parameter bytes: of the batch so far, with this table's rows.
        case tooLarge(bytes: Int, rows: Int)
    }

    /// - Parameter bytes: of the rows of the tables before.
    private mutating func readPart(
        _ part: ChangeSource.Part, _ table: Catalog.Table, _ source: ChangeSource, _ bytes: Int
    ) throws(StoreError) -> PartReading {
        var limits = limits
        if part.table.conflict != nil { limits.rowBytes = min(limits.rowBytes, SharedLimit.rowBytes) }
        var query = ImageQuery(
            part, table, source, limits, for: batch.stream.destination, looksClosely: looksClosely,
            stamps: StampSQL(
                part.table, table.columns, for: batch.stream.destination, isLoad: source.pieceTable != nil))
        try refused.append(contentsOf: query.findRefused(connection))
        var content = TableContent(
            name: part.table.name, key: part.table.key,
            columns: table.columns.map { Column(name: $0.name, type: $0.wireType) },
            allNew: part.allNew && batch.attempt == 1)
        content.conflict = part.table.conflict?.description
        // The row, the row that it was before, and their names.
        let longestLine = part.table.conflict == nil ? limits.rowBytes : 3 * limits.rowBytes
        var longest = 0
        var longestKey = 0
        let keyIndices = content.columns.indices.filter { content.key.contains(content.columns[$0].name) }
        let whole = try connection.copyOut(query.images, "read rows") { line in
            longest = max(longest, line.count)
            guard longest <= longestLine else { return false }
            if line.count > query.keyLimit {
                longestKey = max(longestKey, CopyText.length(of: keyIndices, in: line))
            }
            content.rows += line
            content.rowCount += 1
            return content.rowCount == 1 && bytes == 0 || bytes + content.rows.count <= limits.batchBytes
        }
        guard longest <= longestLine else { throw mismeasured(part.table) }
        guard whole else { return .tooLarge(bytes: bytes + content.rows.count, rows: content.rowCount) }
        if content.rowCount + query.refusedKeys.count < part.keys {
            _ = try connection.copyOut(query.deletes, "read deletes") { line in
                longestKey = max(longestKey, line.count)
                content.deletes += line
                content.deleteCount += 1
                return true
            }
        }
        // Escaped; how long it is itself the second pass says.
        guard looksClosely || longestKey <= query.keyLimit else { throw mismeasured(part.table) }
        return .content(content)
    }

    private func mismeasured(_ table: SyncedTable) -> StoreError {
        StoreError(
            .database, operation: "read rows", subject: "table \"\(table.name)\"",
            reason: "a row came larger than it was measured", databaseCode: BatchReader.mismeasured)
    }
}
