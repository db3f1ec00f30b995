import TrunklineCore

/// The keys of a branch whose rows a recovery kept as they were: nothing that comes replaces them.
struct KeptRows {
    private let stream: StreamID
    private let connection: PostgresConnection

    init(_ stream: StreamID, _ connection: PostgresConnection) {
        self.stream = stream
        self.connection = connection
    }

    func keys(of table: TableName) throws(StoreError) -> Set<String> {
        let result = try connection.query(ReceiverStatements.keptRows, [stream.description, table.description])
        return Set((0..<result.rowCount).map { result.text($0, 0) })
    }

    /// Keeps the receiver's rows of the keys that differ.
    func keep(_ table: TableResult) throws(StoreError) {
        let keys = table.differingKeys.filter { $0.kind != .onlyAtSender }.map(\.key.description)
        guard !keys.isEmpty else { return }
        try connection.query(
            ReceiverStatements.keepRow, [stream.description, table.name.description, TextArray.encode(keys)])
    }

    /// Takes the lines of kept keys out of what is to be stored.
    func take(outOf groups: inout [RowWriter.Group]) throws(StoreError) -> [RowWriter.Failure] {
        var failures: [RowWriter.Failure] = []
        var known: [TableName: Set<String>] = [:]
        for index in groups.indices {
            let name = groups[index].table.name
            let kept: Set<String>
            if let found = known[name] { kept = found } else { kept = try keys(of: name) }
            known[name] = kept
            guard !kept.isEmpty else { continue }
            let lines = groups[index].bytes.lines(of: groups[index].table, isDelete: groups[index].isDelete)
            let isKept = lines.map { kept.contains($0.key.canonical(in: groups[index].table).description) }
            let refused = zip(lines, isKept).filter(\.1).map(\.0)
            guard !refused.isEmpty else { continue }
            failures += refused.map {
                RowWriter.Failure(
                    line: $0, reason: RecoveryReason.keyIsKept,
                    code: nil)
            }
            let others = zip(lines, isKept).filter { !$0.1 }.map(\.0)
            groups[index].bytes = others.reduce(into: [UInt8]()) { $0 += $1.text }[...]
        }
        groups.removeAll { $0.bytes.isEmpty }
        return failures
    }
}
