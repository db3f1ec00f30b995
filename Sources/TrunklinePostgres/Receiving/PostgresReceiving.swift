internal import FoundationEssentials
import TrunklineCore

/// The books and the tables of a receiver, within the transaction that its maker began on this connection.
final class PostgresReceiving: ReceiverTransaction {
    let connection: PostgresConnection
    /// Whether rows come back into tables that this office sends itself; else none goes there.
    let isReturning: Bool
    /// By shape, what a table takes, as far as it was looked at in this transaction.
    var fits: [TableMapping: Target.Lookup] = [:]
    var assumed: [TableName: TableAcceptance] = [:]

    var writers: [StreamID: RowWriter] = [:]

    init(_ connection: PostgresConnection, isReturning: Bool = false) {
        self.connection = connection
        self.isReturning = isReturning
    }

    func lock(_ stream: StreamID) throws(StoreError) -> InboundStream? {
        let row = try connection.query(ReceiverStatements.lockStream, [stream.description])
        guard row.rowCount == 1 else { return nil }
        let watermark = ReceiverDecision.Watermark(
            epoch: UUID(uuidString: row.text(0, 0))!, number: Int64(row.integer(0, 1)!),
            id: row.value(0, 2).flatMap { UUID(uuidString: $0) }, stopped: row.value(0, 3),
            pastEpochs: Set(try JSONText.decode([UUID].self, row.text(0, 5), "past epochs")))
        let held = row.value(0, 7).map {
            InboundStream.Hold(reason: $0, failures: row.integer(0, 8) ?? 0, isDue: row.flag(0, 9))
        }
        return InboundStream(
            watermark: watermark, hasSetAside: row.integer(0, 4)! > 0, hasKeptRows: row.flag(0, 6),
            takesDifferences: row.flag(0, 10),
            telling: SetAsideListTelling(
                version: Int64(row.integer(0, 11)!), told: Int64(row.integer(0, 12)!), kept: Int64(row.integer(0, 13)!),
                isFreshlyTold: row.flag(0, 14), isFreshlyBegun: row.flag(0, 15)),
            shapes: ShapeKeeping(rawValue: row.text(0, 16)) ?? .refused,
            differences: try JSONText.decode([TableDifference].self, row.text(0, 19), "differences"),
            recovery: row.value(0, 17).flatMap(RecoveryMode.init(rawValue:)),
            clockAhead: row.integer(0, 18).map { Int64($0) }, held: held)
    }

    func begin(_ stream: StreamID, epoch: UUID, pastEpochs: Set<UUID>) throws(StoreError) {
        try connection.query(
            ReceiverStatements.beginStream, [stream.description, epoch.uuidString, Self.array(pastEpochs)])
    }

    func adopt(_ epoch: UUID, of stream: StreamID, pastEpochs: Set<UUID>) throws(StoreError) {
        try connection.query(
            ReceiverStatements.adopt, [stream.description, epoch.uuidString, Self.array(pastEpochs)])
    }

    func note(_ recovery: RecoveryMode?, _ stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.noteRecovery, [stream.description, recovery?.rawValue])
    }

    private static func array(_ epochs: Set<UUID>) -> String {
        "{\(epochs.map(\.uuidString).joined(separator: ","))}"
    }

    func noteBehind(_ number: Int64, epoch: UUID, of stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.behind, [stream.description, epoch.uuidString, "\(number)"])
    }

    func stop(_ stream: StreamID, reason: String, epoch: UUID, number: Int64) throws(StoreError) {
        try connection.query(
            ReceiverStatements.stop, [stream.description, reason, epoch.uuidString, "\(number)"])
    }

    func stop(by halt: Halt) throws(StoreError) {
        try connection.query(
            ReceiverStatements.halt,
            [halt.stream.description, halt.epoch.uuidString, connection.portable(halt.reason)])
    }

    func advance(_ header: BatchHeader, stored: Int, answer: VerificationResult?) throws(StoreError) {
        let stream = header.stream.description
        try connection.query(
            ReceiverStatements.advance,
            [
                stream, "\(header.number)", header.id.uuidString, "\(stored)",
                answer.map { JSONText.encode($0).asciiEscaped }, "\(header.setAsideVersion ?? -1)",
            ])
    }

    func leaveAck(_ stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.ackAgain, [stream.description])
    }

    func park(_ batch: InboundBatch) throws(StoreError) {
        let header = batch.header
        try connection.query(
            ReceiverStatements.park,
            [
                header.stream.description, header.epoch.uuidString, "\(header.number)", header.id.uuidString,
                Hex.bytea(batch.message),
            ])
    }

    func unpark(through header: BatchHeader) throws(StoreError) {
        try connection.query(
            ReceiverStatements.unpark,
            [header.stream.description, header.epoch.uuidString, "\(header.number)"])
    }

    func parked(_ stream: StreamID) throws(StoreError) -> (batches: Int, bytes: Int) {
        let found = try connection.query(ReceiverStatements.parked, [stream.description])
        return (found.integer(0, 0)!, found.integer(0, 1)!)
    }

    func hold(_ stream: StreamID, reason: String, failures: Int, retryIn: Duration) throws(StoreError) {
        try connection.query(
            ReceiverStatements.hold,
            [stream.description, connection.portable(reason), "\(failures)", "\(retryIn.inSeconds)"])
    }

    func releaseHold(_ stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.releaseHold, [stream.description])
    }

    func setAside(_ failures: [LineFailure], of stream: StreamID, number: Int64) throws(StoreError) {
        var headers: [ReceivedLine: String] = [:]
        for failure in failures where headers[failure.line.shape] == nil {
            headers[failure.line.shape] = JSONText.encode(StoredShape(failure.line)).asciiEscaped
        }
        let kept = try connection.query(
            ReceiverStatements.keepShapes, [stream.description, TextArray.encode(Array(Set(headers.values)))])
        var ids: [String: String] = [:]
        for row in 0..<kept.rowCount { ids[kept.text(row, 1)] = kept.text(row, 0) }
        let columns: [[String?]] = [
            failures.map { connection.portable($0.line.table.name.description) },
            failures.map { connection.portable($0.line.key.description) },
            failures.map { $0.line.isDelete ? "delete" : "row" },
            failures.map { headers[$0.line.shape].flatMap { ids[$0] } },
            failures.map { Hex.bytea(Array($0.line.text)) },
            failures.map { connection.portable($0.reason) },
            failures.map(\.code),
            failures.map { $0.lacksParent ? "t" : "f" },
        ]
        try connection.query(
            ReceiverStatements.setAside, [stream.description] + columns.map(TextArray.encode) + ["\(number)"])
    }

    func isStoredInPart(_ table: TableName, _ stream: StreamID) throws(StoreError) -> Bool {
        try connection.query(
            ReceiverStatements.isStoredInPart, [stream.description, connection.portable(table.description)]
        ).flag(0, 0)
    }

    func forgetSetAside(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        let keys = keys.map { connection.portable($0.description) }
        try connection.query(
            ReceiverStatements.forgetSetAside,
            [stream.description, connection.portable(table.description), TextArray.encode(keys)])
    }

    func retryable(_ stream: StreamID, _ choice: RetryChoice, limit: Int) throws(StoreError) -> [SetAsideRow] {
        let found: PostgresResult
        switch choice {
        case .due: found = try connection.query(ReceiverStatements.due, [stream.description, "\(limit)"])
        case .requested(let table, let pause), .kept(let table, let pause):
            found = try connection.query(
                ReceiverStatements.requested,
                [
                    stream.description, "\(limit)", table.map { connection.portable($0.description) },
                    "\(pause.inSeconds)",
                ])
        }
        let shapes = try connection.shapes(found, column: 1)
        var rows: [SetAsideRow] = []
        for row in 0..<found.rowCount {
            guard let shape = shapes[found.text(row, 1)] else { continue }
            rows.append(
                SetAsideRow(
                    id: Int64(found.integer(row, 0)!),
                    line: shape.line(op: found.text(row, 2), hex: found.text(row, 3))))
        }
        return rows
    }

    func setAsideSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        let size = try connection.query(ReceiverStatements.setAsideSize, [stream.description])
        return (size.integer(0, 0)!, size.integer(0, 1)!)
    }

    func supersededSize(_ stream: StreamID) throws(StoreError) -> (rows: Int, bytes: Int) {
        let size = try connection.query(ReceiverStatements.supersededSize, [stream.description])
        return (size.integer(0, 0)!, size.integer(0, 1)!)
    }

    func noteTried(_ rows: [SetAsideRow], failures: [Int64: LineFailure]) throws(StoreError) {
        let stored = rows.filter { failures[$0.id] == nil }.map { "\($0.id)" }
        if !stored.isEmpty {
            try connection.query(ReceiverStatements.dropSetAside, ["{\(stored.joined(separator: ","))}"])
        }
        guard !failures.isEmpty else { return }
        let failed = failures.sorted { $0.key < $1.key }
        try connection.query(
            ReceiverStatements.triedAgain,
            [
                "{\(failed.map { "\($0.key)" }.joined(separator: ","))}",
                TextArray.encode(failed.map { connection.portable($0.value.reason) }),
                TextArray.encode(failed.map(\.value.code)),
                "{\(failed.map { $0.value.lacksParent ? "t" : "f" }.joined(separator: ","))}",
                "\(RetryPause.eagerTries)", "\(RetryPause.longest)",
            ])
    }

    func noteTakesDifferences(_ takes: Bool, _ stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.takesDifferences, [stream.description, takes ? "t" : "f"])
    }

    func forgetChanges(through version: Int64, _ stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.forgetChanges, [stream.description, "\(version)"])
    }

    func tellAgain(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.tellAgain, [stream.description, "\(version)"])
    }

    func beginListAnew(after version: Int64, _ stream: StreamID) throws(StoreError) {
        try connection.query(ReceiverStatements.forgetAllChanges, [stream.description])
        try connection.query(ReceiverStatements.beginListAnew, [stream.description, "\(version)"])
    }

    func keptKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> Set<String> {
        let result = try connection.query(ReceiverStatements.keptRows, [stream.description, table.description])
        return Set((0..<result.rowCount).map { result.text($0, 0) })
    }

    func keep(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) {
        try connection.query(
            ReceiverStatements.keepRow,
            [stream.description, table.description, TextArray.encode(keys.map(\.description))])
    }

    func keptRows(of table: TableName, _ stream: StreamID, after serial: Int64, limit: Int) throws(StoreError)
        -> [KeptRow]
    {
        let found = try connection.query(
            ReceiverStatements.nextKeptRows, [stream.description, table.description, "\(serial)", "\(limit)"])
        return try (0..<found.rowCount).map { (row) throws(StoreError) in
            KeptRow(
                serial: Int64(found.integer(row, 0)!), key: try JSONText.decode(RowKey.self, found.text(row, 1), "key"))
        }
    }

    func release(_ serials: [Int64], _ stream: StreamID) throws(StoreError) -> [TableName: [RowKey]] {
        let list = serials.map { "\($0)" }.joined(separator: ",")
        let gone = try connection.query(ReceiverStatements.releaseKeptRows, [stream.description, "{\(list)}"])
        var released: [TableName: [RowKey]] = [:]
        for row in 0..<gone.rowCount {
            guard let table = TableName(parsing: gone.text(row, 0)) else { continue }
            released[table, default: []].append(try JSONText.decode(RowKey.self, gone.text(row, 1), "key"))
        }
        return released
    }

    func release(_ keys: [RowKey], of table: TableName, _ stream: StreamID) throws(StoreError) -> Int {
        try connection.query(
            ReceiverStatements.releaseKeys,
            [stream.description, table.description, TextArray.encode(keys.map(\.description))]
        ).affectedRows
    }

    func releaseAll(_ stream: StreamID) throws(StoreError) -> Set<TableName> {
        let gone = try connection.query(ReceiverStatements.releaseAllKeptRows, [stream.description])
        return Set((0..<gone.rowCount).compactMap { TableName(parsing: gone.text($0, 0)) })
    }

    func setAsideKeys(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey] {
        try keys(ReceiverStatements.setAsideKeys, table, stream)
    }

    func keysStoredInPart(of table: TableName, _ stream: StreamID) throws(StoreError) -> [RowKey] {
        try keys(ReceiverStatements.keysStoredInPart, table, stream)
    }

    private func keys(
        _ statement: Statement, _ table: TableName, _ stream: StreamID
    ) throws(StoreError) -> [RowKey] {
        let found = try connection.query(
            statement, [stream.description, connection.portable(table.description)])
        return try (0..<found.rowCount).map { (row) throws(StoreError) in
            try JSONText.decode(RowKey.self, connection.unportable(found.text(row, 0)), "key")
        }
    }

    func keepResult(_ result: VerificationResult) throws(StoreError) {
        try VerificationRecord(connection).keep(result)
    }
}

extension PostgresConnection {
    /// The shapes of set-aside rows that a result names, by their ids as text.
    func shapes(_ result: PostgresResult, column: Int) throws(StoreError) -> [String: StoredShape] {
        let ids = Set((0..<result.rowCount).map { result.text($0, column) })
        guard !ids.isEmpty else { return [:] }
        let found = try query(ReceiverStatements.shapes, ["{\(ids.joined(separator: ","))}"])
        var shapes: [String: StoredShape] = [:]
        for row in 0..<found.rowCount {
            shapes[found.text(row, 0)] = try JSONText.decode(StoredShape.self, found.text(row, 1), "set-aside row")
        }
        return shapes
    }

    /// Text as any encoding of a server holds it: as it is where that is UTF-8, else with `\uXXXX` for all but ASCII.
    func portable(_ text: String) -> String {
        let text = text.utf8.contains(0) ? text.replacing("\0", with: "·") : text
        return isUTF8 ? text : text.asciiEscaped
    }

    /// The text that ``portable(_:)`` made this of.
    func unportable(_ text: String) -> String {
        guard !isUTF8, text.contains("\\u") else { return text }
        let quoted = "\"" + text.replacing("\"", with: "\\\"") + "\""
        return (try? JSONText.decode(String.self, quoted, "name")) ?? text
    }
}
