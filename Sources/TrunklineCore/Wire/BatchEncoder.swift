import FoundationEssentials

/// Builds the body of a batch: the JSON header line, the row lines, the delete lines; compressed.
public enum BatchEncoder {
    /// - Parameters:
    ///   - batch: what the header says.
    ///   - tables: foreign-key order, parents first.
    ///   - named: tables whose shape the receiver keeps.
    ///   - level: zstd's, 1 to 19.
    /// - Returns: the message's body.
    public static func encode(
        _ batch: ClaimedBatch, tables: [TableContent], naming named: Set<TableName> = [], level: Int32 = 1
    ) throws -> [UInt8] {
        let headers = tables.map { table in
            var header = table.header
            if named.contains(table.name) { header.nameShape() }
            return header
        }
        let header = BatchHeader(
            stream: batch.stream, epoch: batch.epoch, number: batch.number, id: batch.id,
            previousID: batch.previousID, acked: batch.acked,
            setAsideVersion: max(-1, batch.setAsideVersion), follows: batch.follows.isEmpty ? nil : batch.follows,
            recovery: batch.recovery, clock: batch.clock, joined: batch.joined.isEmpty ? nil : batch.joined,
            tables: headers, verification: batch.verification)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var body = [UInt8](try encoder.encode(header))
        body.reserveCapacity(body.count + 1 + tables.reduce(0) { $0 + $1.rows.count + $1.deletes.count })
        body.append(CopyText.newline)
        for table in tables { body += table.rows }
        for table in tables.reversed() { body += table.deletes }
        return Zstd.compress(body, level: level)
    }
}
