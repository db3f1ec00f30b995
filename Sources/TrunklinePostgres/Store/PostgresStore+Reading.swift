import FoundationEssentials
public import TrunklineCore

/// Building a batch's content: the current images of the keys that it covers.
extension PostgresStore {
    public func readBatch(_ batch: ClaimedBatch, limits: ReadLimits) throws(StoreError) -> BatchReading {
        guard batch.changes > 0 else { return .content([]) }
        return try withConnection { (connection) throws(StoreError) in
            var reader = BatchReader(batch, limits, connection)
            let reading = try read(&reader)
            for problem in reader.problems { try problem.record(connection) }
            if !reader.mended.isEmpty {
                try connection.query(
                    Statements.forgetReadingProblems,
                    ["{\(reader.mended.map { "\($0.id)" }.joined(separator: ","))}"])
            }
            if !reader.standing.isEmpty { try hold(batch, reader.standing, connection) }
            if case .content(let tables) = reading {
                try settleRefused(batch, tables, reader.refused, connection)
            }
            return reading
        }
    }

    /// As it comes at first; a row that does not come like that is looked for in a second pass.
    private func read(_ reader: inout BatchReader) throws(StoreError) -> BatchReading {
        do {
            return try reader.read()
        } catch {
            guard BatchReader.isOfRow(error), !reader.looksClosely else { throw error }
            reader.looksClosely = true
            return try reader.read()
        }
    }

    /// The changes of tables that stand still wait outside of the log until the tables are seen to.
    private func hold(
        _ batch: ClaimedBatch, _ tables: [SyncedTable], _ connection: PostgresConnection
    ) throws(StoreError) {
        let ids = "{" + tables.map { "\($0.id)" }.joined(separator: ",") + "}"
        let held = try connection.query(
            SenderStatements.hold, [batch.stream.description, "\(batch.number)", "\(batch.attempt)", ids])
        guard held.flag(0, 0) else {
            throw StoreError(
                .contention, operation: "read batch", subject: "batch \(batch.number) of \(batch.stream)",
                reason: "somebody else has it meanwhile")
        }
    }

    /// Notes rows that cannot travel, and forgets those that now did. What is read once for all branches did for all.
    private func settleRefused(
        _ batch: ClaimedBatch, _ tables: [TableContent], _ refused: [RefusedRow], _ connection: PostgresConnection
    ) throws(StoreError) {
        let stream = batch.stream.description
        let concerned = batch.sharedContent == nil ? stream : nil
        if try connection.query(SenderStatements.anyOwnRefused, [concerned]).flag(0, 0) {
            for table in tables {
                try connection.query(
                    SenderStatements.forgetOwnRefusedKeys,
                    [concerned, table.name.description, TextArray.encode(table.keys().map(\.description))])
            }
        }
        for row in refused {
            try connection.query(SenderStatements.forgetOwnRefused, [stream, row.table.description, row.key])
            try connection.query(SenderStatements.keepRefused, [stream, row.table.description, row.key, row.reason])
        }
    }
}
