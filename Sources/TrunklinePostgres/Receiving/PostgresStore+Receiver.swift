import FoundationEssentials
public import TrunklineCore

extension PostgresStore {
    /// How long a receiver waits for a lock, in seconds.
    static let lockPatience = 1
    /// How long a statement of a receiver may take.
    static let statementPatience = "2min"

    public func receiving<Value: Sendable>(
        _ operation: String, _ subject: String,
        _ body: @escaping @Sendable (any ReceiverTransaction) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try withConnection { (connection) throws(StoreError) in
            // Whoever holds a lock on rows or tables of this stream delays this stream, and this connection for a moment; a
            // statement that would take hours is ended, and holds the stream.
            try connection.transaction(
                operation,
                begin:
                    "BEGIN; SET LOCAL lock_timeout = '\(Self.lockPatience)s'; SET LOCAL statement_timeout = '\(Self.statementPatience)'; \(LocalWriteGuard.applying)"
            ) {
                () throws(StoreError) in
                try body(PostgresReceiving(connection))
            }
        }
    }

    public func nextParked(of stream: StreamID) throws(StoreError) -> [UInt8]? {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(ReceiverStatements.nextParked, [stream.description])
            return result.rowCount == 1 ? Hex.bytes(result.text(0, 0)) : nil
        }
    }

    public func streamsToTend() throws(StoreError) -> [TendedStream] {
        try withConnection { (connection) throws(StoreError) in
            let found = try connection.query(ReceiverStatements.streamsToTend)
            return (0..<found.rowCount).compactMap { row in
                StreamID(found.text(row, 0)).map {
                    TendedStream(stream: $0, hasParked: found.flag(row, 1), hasSetAside: found.flag(row, 2))
                }
            }
        }
    }

    public func streamsWithSetAside() throws(StoreError) -> [StreamID] {
        try withConnection { (connection) throws(StoreError) in
            let found = try connection.query(ReceiverStatements.streamsWithSetAside)
            return (0..<found.rowCount).compactMap { StreamID(found.text($0, 0)) }
        }
    }

    public func hasten(_ stream: StreamID?) throws(StoreError) -> Int {
        try withConnection { (connection) throws(StoreError) in
            try connection.query(ReceiverStatements.hasten, [stream?.description]).affectedRows
        }
    }

    public func pendingAcks(limit: Int) throws(StoreError) -> [PendingAck] {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(ReceiverStatements.pendingAcks, ["\(limit)"])
            var acks: [PendingAck] = []
            for row in 0..<result.rowCount {
                guard let stream = StreamID(result.text(row, 0)) else { continue }
                let list = try list(
                    stream, isDue: result.flag(row, 6), inDifferences: result.flag(row, 15),
                    version: Int64(result.integer(row, 4)!), told: Int64(result.integer(row, 16)!),
                    from: Int64(result.integer(row, 17)!), connection)
                let stopped = result.value(row, 7).flatMap { reason in
                    result.value(row, 8).flatMap { UUID(uuidString: $0) }.map {
                        StopNotice(epoch: $0, number: Int64(result.integer(row, 9) ?? 0), reason: reason)
                    }
                }
                let differences = try JSONText.decode([TableDifference].self, result.text(row, 19), "differences")
                let verification = try result.value(row, 10).map { (text) throws(StoreError) in
                    try JSONText.decode(VerificationResult.self, text, "verification result")
                }
                acks.append(
                    PendingAck(
                        serial: Int64(result.integer(row, 1)!),
                        ack: Ack(
                            stream: stream, epoch: UUID(uuidString: result.text(row, 2))!,
                            watermark: Int64(result.integer(row, 3)!),
                            batchID: result.value(row, 11).flatMap { UUID(uuidString: $0) },
                            behind: result.value(row, 12).flatMap { UUID(uuidString: $0) }.map {
                                Ack.Behind(epoch: $0, number: Int64(result.integer(row, 13) ?? 0))
                            },
                            setAsideVersion: list.version, setAsideFrom: list.from, setAside: list.notices,
                            gone: list.gone, setAsideTotal: result.integer(row, 5)!, stopped: stopped,
                            held: result.value(row, 14), keepsShapes: result.flag(row, 18) ? true : nil,
                            differences: differences.isEmpty ? nil : differences,
                            verification: verification)))
            }
            return acks
        }
    }

    /// What the next ack says of the list of set-aside rows.
    private func list(
        _ stream: StreamID, isDue: Bool, inDifferences: Bool, version: Int64, told: Int64, from: Int64,
        _ connection: PostgresConnection
    ) throws(StoreError) -> SetAsideListPart {
        guard isDue else { return SetAsideListPart(version: version) }
        guard inDifferences else {
            return SetAsideListPart(version: version, notices: try notices(stream, connection))
        }
        let found = try connection.query(
            ReceiverStatements.setAsideChanges, [stream.description, "\(told)", "\(Ack.maximalChanges + 1)"])
        var changes: [SetAsideListPart.Change] = []
        for row in 0..<found.rowCount {
            let key = try JSONText.decode(RowKey.self, found.text(row, 2), "key of a set-aside row")
            guard let table = TableName(parsing: connection.unportable(found.text(row, 1))) else { continue }
            changes.append(
                SetAsideListPart.Change(
                    version: Int64(found.integer(row, 0)!), key: SetAsideKey(table: table, key: key),
                    reason: found.value(row, 3)))
        }
        return SetAsideListPart(changes, version: version, after: told, isWhole: told == from)
    }

    private func notices(_ stream: StreamID, _ connection: PostgresConnection) throws(StoreError) -> [SetAsideNotice] {
        let result = try connection.query(ReceiverStatements.notices, [stream.description, "\(Ack.maximalNotices)"])
        let shapes = try connection.shapes(result, column: 1)
        var notices: [SetAsideNotice] = []
        for row in 0..<result.rowCount {
            guard let shape = shapes[result.text(row, 1)] else { continue }
            let line = shape.line(op: result.text(row, 2), hex: result.text(row, 0))
            notices.append(SetAsideNotice(table: line.table.name, key: line.key, reason: result.text(row, 3)))
        }
        return notices
    }

    public func removePendingAck(_ ack: PendingAck) throws(StoreError) {
        try withConnection { (connection) throws(StoreError) in
            let result = try connection.query(
                ReceiverStatements.ackPublished,
                [ack.ack.stream.description, "\(ack.serial)", "\(ack.ack.setAsideVersion)"])
            guard result.flag(0, 0) else {
                throw StoreError(
                    .contention, operation: "note a published ack", subject: ack.ack.stream.description,
                    reason: "a batch of the stream is being stored")
            }
        }
    }
}
