import TrunklineCore

/// Makes way for the receiver's rows, whose keys it named.
struct Yielding {
    private let stream: StreamID
    private let givesNewKeys: Bool
    private let connection: PostgresConnection

    init(_ stream: StreamID, newKeys: Bool, _ connection: PostgresConnection) {
        self.stream = stream
        givesNewKeys = newKeys
        self.connection = connection
    }

    /// - Returns: what was done.
    func run(_ differing: [TableResult]) throws(StoreError) -> YieldPlan<RowKey> {
        // Rows of shared tables are brought together by their versions.
        var differing = differing
        let shared = try SyncedTable.all(connection).filter { $0.conflict != nil }.map(\.name)
        differing.removeAll { shared.contains($0.name) }
        for table in differing {
            guard let rows = try rows(of: table.name) else { continue }
            if let highest = table.highestKey { try rows.advanceSequence(past: highest) }
            try rows.log(table.differingKeys.filter { $0.kind == .onlyAtSender }.map(\.key))
        }
        let plan = try YieldPlan(differing, newKeys: givesNewKeys, rows: rows)
        try putAside(plan)
        for (name, keys) in plan.renewed { try rows(of: name)?.renew(keys) }
        return plan
    }

    private func rows(of table: TableName) throws(StoreError) -> LocalRows? {
        try LocalRows(table, for: stream, connection)
    }

    /// Moves the rows into `superseded_row`, all in one statement: foreign keys are looked at when it ends. The log
    /// forgets them, so that no delete of them travels.
    private func putAside(_ plan: YieldPlan<RowKey>) throws(StoreError) {
        var moves: [String] = []
        for (kind, reason) in [
            (plan.named, RecoveryReason.receiverWon(in: stream)),
            (plan.referring, RecoveryReason.parentYielded(in: stream)),
        ] {
            for (name, keys) in kind.sorted(by: { $0.key < $1.key }) where !keys.isEmpty {
                guard let rows = try rows(of: name) else { continue }
                moves.append(rows.moving(keys, reason: reason, as: "moved\(moves.count)"))
            }
        }
        guard !moves.isEmpty else { return }
        try connection.run("WITH \(moves.joined(separator: ", ")) SELECT", [], "put rows aside")
        for (name, keys) in plan.aside { try rows(of: name)?.forget(keys) }
    }
}
