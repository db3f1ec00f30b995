internal import GRDB
internal import TrunklineCore

/// The keys of a branch whose rows a recovery kept as they were: nothing that comes replaces them.
struct KeptRows {
    let stream: StreamID
    let db: Database

    func exist() throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM trunkline_kept_row WHERE stream = ?)",
            arguments: [stream.description])!
    }

    func keys(of table: TableName) throws -> Set<String> {
        try String.fetchSet(
            db, sql: "SELECT key FROM trunkline_kept_row WHERE stream = ? AND table_name = ?",
            arguments: [stream.description, table.description])
    }

    /// Keeps the receiver's rows of the keys that differ.
    func keep(_ table: TableResult) throws {
        for difference in table.differingKeys where difference.kind != .onlyAtSender {
            try db.execute(
                sql: """
                    INSERT INTO trunkline_kept_row (stream, table_name, key, since) VALUES (?, ?, ?, \(Timestamp.now))
                    ON CONFLICT DO NOTHING
                    """, arguments: [stream.description, table.name.description, difference.key.description])
        }
    }

    /// Takes the lines of kept keys out of what is to be stored.
    func take(outOf lines: inout [Line]) throws -> [Line.Failure] {
        var kept: [TableName: Set<String>] = [:]
        for line in lines where kept[line.table.name] == nil { kept[line.table.name] = try keys(of: line.table.name) }
        func isKept(_ line: Line) -> Bool {
            kept[line.table.name]?.contains(line.key.canonical(in: line.table).description) ?? false
        }
        let failures = lines.filter(isKept).map {
            Line.Failure(
                line: $0, reason: RecoveryReason.keyIsKept)
        }
        lines.removeAll(where: isKept)
        return failures
    }
}
