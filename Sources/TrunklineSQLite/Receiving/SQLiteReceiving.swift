internal import FoundationEssentials
internal import GRDB
internal import TrunklineCore

/// The books and the tables of a receiver, within the immediate transaction that its maker began on this connection.
final class SQLiteReceiving: ReceiverTransaction {
    let db: Database
    /// Whether rows come back into tables that this office sends itself; else none goes there.
    let isReturning: Bool
    /// By shape, what a table takes.
    var targets: [TableMapping: Target.Lookup] = [:]
    var assumed: [TableName: TableAcceptance] = [:]
    private(set) lazy var hasDeferredKeys = Result { try DeferredKeys.exist(db) }

    init(_ db: Database, isReturning: Bool = false) {
        self.db = db
        self.isReturning = isReturning
    }

    /// GRDB's errors as ours.
    func run<Value>(_ operation: String, _ subject: any CustomStringConvertible, _ body: () throws -> Value)
        throws(StoreError) -> Value
    {
        do { return try body() } catch { throw StoreError(error, operation: operation, subject: "\(subject)") }
    }

    func lock(_ stream: StreamID) throws(StoreError) -> InboundStream? {
        try run("lock stream", stream) { try Inbound.find(stream, db) }
    }

    func begin(_ stream: StreamID, epoch: UUID, pastEpochs: Set<UUID>) throws(StoreError) {
        try run("begin stream", stream) { try Inbound.begin(stream, epoch, past: pastEpochs, db) }
    }

    func adopt(_ epoch: UUID, of stream: StreamID, pastEpochs: Set<UUID>) throws(StoreError) {
        try run("adopt epoch", stream) { try Inbound.adopt(epoch, of: stream, past: pastEpochs, db) }
    }

    func note(_ recovery: RecoveryMode?, _ stream: StreamID) throws(StoreError) {
        try run("note recovery", stream) { try Inbound.note(recovery, stream, db) }
    }

    func noteBehind(_ number: Int64, epoch: UUID, of stream: StreamID) throws(StoreError) {
        try run("note behind", stream) { try Inbound.setBehind(stream, epoch, number, db) }
    }

    func stop(_ stream: StreamID, reason: String, epoch: UUID, number: Int64) throws(StoreError) {
        try run("stop stream", stream) { try Inbound.stop(stream, reason: reason, epoch, number, db) }
    }

    func stop(by halt: Halt) throws(StoreError) {
        try run("take halt", halt.stream) { try Inbound.take(halt, db) }
    }

    func advance(_ header: BatchHeader, stored: Int, answer: VerificationResult?) throws(StoreError) {
        try run("advance", header.stream) {
            try Inbound.advance(header, stored: stored, db)
            try Inbound.leaveAck(header.stream, whole: false, verification: answer, db)
        }
    }

    func leaveAck(_ stream: StreamID) throws(StoreError) {
        try run("leave ack", stream) { try Inbound.leaveAck(stream, whole: true, verification: nil, db) }
    }

    func park(_ batch: InboundBatch) throws(StoreError) {
        try run("park batch", batch.header.stream) { try ParkedBatches(batch.header.stream, db).keep(batch) }
    }

    func unpark(through header: BatchHeader) throws(StoreError) {
        try run("drop parked batches", header.stream) { try ParkedBatches(header.stream, db).drop(through: header) }
    }

    func parked(_ stream: StreamID) throws(StoreError) -> (batches: Int, bytes: Int) {
        try run("count parked batches", stream) { try ParkedBatches(stream, db).size() }
    }

    func hold(_ stream: StreamID, reason: String, failures: Int, retryIn: Duration) throws(StoreError) {
        try run("hold stream", stream) {
            try db.execute(
                sql: """
                    UPDATE trunkline_inbound SET held = ?, held_failures = ?, last_contact = \(Timestamp.now),
                        held_since = coalesce(held_since, \(Timestamp.now)), held_until = \(Timestamp.inSeconds("?"))
                    WHERE stream = ?
                    """, arguments: [reason, failures, retryIn / .seconds(1), stream.description])
        }
    }

    func releaseHold(_ stream: StreamID) throws(StoreError) {
        try run("release hold", stream) { try Inbound.releaseHold(stream, db) }
    }

    func setAside(_ failures: [LineFailure], of stream: StreamID, number: Int64) throws(StoreError) {
        try run("set rows aside", stream) { try SetAsideRows(stream, db).keep(failures, number: number) }
    }

    func isStoredInPart(_ table: TableName, _ stream: StreamID) throws(StoreError) -> Bool {
        try run("look for set-aside rows", stream) {
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM trunkline_set_aside WHERE stream = ? AND table_name = ? AND key = '[null]')
                    """, arguments: [stream.description, table.description])!
        }
    }

    func forgetSetAside(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try run("forget set-aside rows", stream) { try SetAsideRows(stream, db).forget(keys, of: table) }
    }

    func setAsideSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try run("measure set-aside rows", stream) { try SetAsideRows(stream, db).size() }
    }

    func retryable(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError) -> [SetAsideRow] {
        try run("read set-aside rows", stream) { try SetAsideRows(stream, db).chosen(choice, limit: limit) }
    }

    func supersededSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        try run("measure superseded rows", stream) { try SupersededRows(stream: stream, db: db).size() }
    }

    func noteTried(_ rows: [SetAsideRow], failures: [Int64: LineFailure]) throws(StoreError) {
        try run("note tries", "set-aside rows") { try SetAsideRows.noteTried(rows, failures: failures, db) }
    }

    func noteTakesDifferences(_ takes: Bool, _ stream: StreamID) throws(StoreError) {
        try run("note what the sender takes", stream) {
            try db.execute(
                sql: "UPDATE trunkline_inbound SET takes_differences = ? WHERE stream = ?",
                arguments: [takes, stream.description])
        }
    }

    func forgetChanges(through version: Int64, _ stream: StreamID) throws(StoreError) {
        try run("forget changes of the list", stream) { try Inbound.forgetChanges(of: stream, through: version, db) }
    }

    func tellAgain(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try run("tell the list again", stream) {
            try db.execute(
                sql: "UPDATE trunkline_inbound SET told_version = ?, told_at = NULL WHERE stream = ?",
                arguments: [version, stream.description])
        }
    }

    func beginListAnew(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try run("begin the list anew", stream) { try Inbound.beginListAnew(stream, after: version, db) }
    }

    func keptKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> Set<String> {
        try run("read kept rows", stream) {
            try String.fetchSet(
                db, sql: "SELECT key FROM trunkline_kept_row WHERE stream = ? AND table_name = ?",
                arguments: [stream.description, table.description])
        }
    }

    func keep(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try run("keep rows", stream) {
            for key in keys {
                try db.execute(
                    sql: """
                        INSERT INTO trunkline_kept_row (stream, table_name, key, since)
                        VALUES (?, ?, ?, \(Timestamp.now)) ON CONFLICT DO NOTHING
                        """, arguments: [stream.description, table.description, key.description])
            }
        }
    }

    func keptRows(of table: TableName, _ stream: StreamID, after serial: Int64, limit: Int) throws(StoreError)
        -> [KeptRow]
    {
        try run("read kept rows", stream) {
            try Row.fetchAll(
                db,
                sql: """
                    SELECT serial, key FROM trunkline_kept_row WHERE stream = ? AND table_name = ? AND serial > ?
                    ORDER BY serial LIMIT ?
                    """, arguments: [stream.description, table.description, serial, limit]
            ).map { KeptRow(serial: $0[0], key: try JSONText.decode(RowKey.self, $0[1])) }
        }
    }

    func release(_ serials: [Int64], _ stream: StreamID) throws(StoreError) -> [TableName: [RowKey]] {
        try run("release kept rows", stream) {
            let statement = try db.makeStatement(
                sql: "DELETE FROM trunkline_kept_row WHERE serial = ? AND stream = ? RETURNING table_name, key")
            var released: [TableName: [RowKey]] = [:]
            for serial in serials {
                guard let row = try Row.fetchOne(statement, arguments: [serial, stream.description]),
                    let table = TableName(parsing: row[0])
                else { continue }
                released[table, default: []].append(try JSONText.decode(RowKey.self, row[1]))
            }
            return released
        }
    }

    func release(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) -> Int {
        try run("release kept rows", stream) {
            let statement = try db.makeStatement(
                sql: "DELETE FROM trunkline_kept_row WHERE stream = ? AND table_name = ? AND key = ?")
            return try keys.reduce(0) { released, key in
                try statement.execute(arguments: [stream.description, table.description, key.description])
                return released + db.changesCount
            }
        }
    }

    func releaseAll(_ stream: StreamID) throws(StoreError) -> Set<TableName> {
        try run("release kept rows", stream) {
            let tables = try String.fetchAll(
                db, sql: "SELECT DISTINCT table_name FROM trunkline_kept_row WHERE stream = ?",
                arguments: [stream.description])
            try db.execute(sql: "DELETE FROM trunkline_kept_row WHERE stream = ?", arguments: [stream.description])
            return Set(tables.compactMap { TableName(parsing: $0) })
        }
    }

    func setAsideKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey] {
        try run("read set-aside rows", stream) {
            try String.fetchAll(
                db, sql: "SELECT key FROM trunkline_set_aside WHERE stream = ? AND table_name = ?",
                arguments: [stream.description, table.description]
            ).map { try JSONText.decode(RowKey.self, $0) }
        }
    }

    func keysStoredInPart(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey] {
        try run("read set-aside rows", stream) {
            try String.fetchAll(
                db,
                sql: """
                    SELECT s.key FROM trunkline_set_aside AS s JOIN trunkline_set_aside_shape AS h ON h.id = s.shape_id
                    WHERE s.stream = ? AND s.table_name = ? AND json_extract(h.shape, '$.storedInPart')
                    """, arguments: [stream.description, table.description]
            ).map { try JSONText.decode(RowKey.self, $0) }
        }
    }

    func keepResult(_ result: VerificationResult) throws(StoreError) {
        try run("keep verification result", result.stream) { try VerificationRecord.keep(result, db) }
    }
}
