import TrunklineCore

/// Keeps the rows of this office that a recovery replaces or drops.
struct SupersededRows {
    private let stream: StreamID
    private let connection: PostgresConnection

    init(_ stream: StreamID, _ connection: PostgresConnection) {
        self.stream = stream
        self.connection = connection
    }

    func keep(_ groups: [RowWriter.Group]) throws(StoreError) {
        for group in groups {
            let keys = group.bytes.lines(of: group.table, isDelete: group.isDelete).map(\.key)
            let target = group.target
            let names = target.key.indices.map { "k\($0 + 1)" }
            let places = target.key.indices.map { "$\($0 + 1)::text[]" }.joined(separator: ", ")
            var match = zip(target.key, names).map { column, name in
                let type = target.columns.first { $0.name == column }?.castType ?? "text"
                return "t.\(column.identifier) = k.\(name)::\(type)"
            }
            if target.hasBranchColumn { match.append("t.branch_id = \(stream.source.description.literal)") }
            try connection.run(
                """
                \(RecoveryStatements.putAside)
                SELECT \(stream.description.literal), \(group.table.name.description.literal), row_to_json(t),
                    \(RecoveryReason.branchKept.literal)
                FROM unnest(\(places)) AS k (\(names.joined(separator: ", "))) JOIN \(target.relation) t
                    ON \(match.joined(separator: " AND "))
                """,
                target.key.indices.map { index in TextArray.encode(keys.map { $0.values[index] ?? "" }) },
                "keep superseded rows")
        }
    }
}
