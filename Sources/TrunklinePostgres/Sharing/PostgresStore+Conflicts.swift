public import TrunklineCore

extension PostgresStore {
    public func conflicts(matching filter: ConflictFilter) throws(StoreError) -> [ConflictRecord] {
        try withConnection { (connection) throws(StoreError) in
            try ConflictRow.records(
                try connection.query(
                    filter.withImages ? SharingStatements.conflicts : SharingStatements.conflictSummaries,
                    [
                        filter.isWaiting ? "t" : "f", filter.table.map { connection.portable($0.description) },
                        filter.branch?.description, "\(filter.limit)", filter.before.map { "\($0)" },
                    ]))
        }
    }

    public func conflict(_ id: Int64) throws(StoreError) -> ConflictRecord? {
        try withConnection { (connection) throws(StoreError) in
            try ConflictRow.records(try connection.query(SharingStatements.conflict, ["\(id)"])).first
        }
    }

    public func waitingConflicts() throws(StoreError) -> Int {
        try withConnection { (connection) throws(StoreError) in
            try connection.query(SharingStatements.waitingConflicts).integer(0, 0) ?? 0
        }
    }
}

/// The rows of `trunkline.conflict`.
enum ConflictRow {
    /// - Parameter result: of ``SharingStatements/conflict`` and its like.
    static func records(_ result: PostgresResult) throws(StoreError) -> [ConflictRecord] {
        var records: [ConflictRecord] = []
        for row in 0..<result.rowCount {
            records.append(
                ConflictRecord(
                    id: Int64(result.integer(row, 0)!), at: result.text(row, 1),
                    conflict: try JSONText.decode(Conflict.self, result.text(row, 2), "conflict"),
                    resolvedAt: result.value(row, 3), resolution: result.value(row, 4)))
        }
        return records
    }
}
